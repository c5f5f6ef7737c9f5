"""The commands for looking: each yields lines, and raises an error that says what to do."""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sensor_manager.console.status_page import status_page
from sensor_manager.effects.cntlm import Cntlm
from sensor_manager.effects.errors import EffectError
from sensor_manager.heartbeat import complaint
from sensor_manager.kept_trials import load_trials
from sensor_manager.log import LOG_NAME
from sensor_manager.observing import look
from sensor_manager.plan.explain import explain
from sensor_manager.plan.last_lines import last_lines
from sensor_manager.plan.selfcheck import FAILED, OK, page
from sensor_manager.plan.way import server_url
from sensor_manager.platforms import PLATFORMS
from sensor_manager.selfcheck import SelfCheck, Told
from sensor_manager.server.config import ConfigError, load_config
from sensor_manager.server.desired_store import load_desired
from sensor_manager.settings import Settings
from sensor_manager.site import site_of
from sensor_manager.spool.quarantine import quarantined
from sensor_manager.status import NotRunningError, read_settings, read_status

EXPECTED = (NotRunningError, ConfigError, EffectError)
"""Errors whose messages say it all."""


def show_plan(runtime: Path) -> Iterator[str]:
    """Tell what the manager would do now, and why; looks at the engine and the kernel itself."""
    settings = read_settings(runtime)
    platform = PLATFORMS[settings.platform]()
    stored = load_desired(settings.desired)
    desired = stored.desired if stored else None
    site = site_of(settings, _server_url(settings))
    now = time.monotonic()
    observed = look(platform.engine(settings), platform.netfilter(settings), desired, site, now)
    observed = replace(observed, addresses=platform.addresses(settings.interface))
    status = read_status(settings.status)
    if status is not None:
        observed = replace(observed, attempts=status.attempts, netfilter_error=status.netfilter_error)
    lines = list(explain(observed, desired, site))
    yield from lines or ["nothing to do: all is as desired"]


def show_status(runtime: Path) -> Iterator[str]:
    """Tell on one page how the sensor is."""
    settings = read_settings(runtime)
    yield from status_page(read_status(settings.status), complaint(settings.heartbeat), time.monotonic())


def show_check(runtime: Path) -> Iterator[str]:
    """Look for reasons why the sensor is, or may fall, silent. The last line sums up."""
    settings = read_settings(runtime)
    platform = PLATFORMS[settings.platform]()
    status = read_status(settings.status)
    checker = SelfCheck(settings, load_config(settings.config), platform, platform.engine(settings))
    proxy = load_trials(settings.connection).current.proxy
    tunnel = Cntlm(settings.cntlm).url
    told = Told(status.refusal, status.report.connection, status.netfilter_error) if status else Told()
    found = checker.run(_server_url(settings), proxy, tunnel, told)
    yield from page(found.items)
    wrong = complaint(settings.heartbeat)
    yield f"{FAILED if wrong else OK}  manager    {wrong or 'it makes progress'}"


def show_quarantine(runtime: Path) -> Iterator[str]:
    """Show the events that nobody takes, and why: two lines each. Attackers have a hand in them."""
    spool = read_settings(runtime).spool
    try:
        for identifier, reason, body in quarantined(spool):
            yield _plain(f"{identifier}  {reason}")
            yield _plain(f"    {body}")
    except sqlite3.Error as error:
        raise EffectError(f"the events of {spool} cannot be read: {error}") from error


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def show_logs(runtime: Path, service: str | None, lines: int) -> Iterator[str]:
    """Show the manager's last lines, or those of a service."""
    settings = read_settings(runtime)
    if service is None:
        yield from last_lines(_manager_log(settings), lines, longest=None)
        return
    engine = PLATFORMS[settings.platform]().engine(settings)
    found = [each for each in engine.containers() if each.service == service]
    if not found:
        there = ", ".join(sorted({each.service for each in engine.containers()})) or "none"
        raise EffectError(f"there is no container of {service}; there are: {there}")
    yield from engine.last_lines(found[0].id, lines)


def _manager_log(settings: Settings) -> bytes:
    path = settings.runtime / LOG_NAME
    older = path.with_suffix(".1")
    return b"".join(each.read_bytes() for each in (older, path) if each.exists())


def _server_url(settings: Settings) -> str:
    return server_url(load_config(settings.config), load_trials(settings.connection).current)
