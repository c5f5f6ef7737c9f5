"""A sensor that touches nothing of the machine it runs on: for developers, without root, engine or netfilter."""

import os
import shutil
import time
from datetime import datetime
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import structlog

from sensor_manager.effects.machine import Figures
from sensor_manager.effects.ports import Engine, Link, Netfilter
from sensor_manager.model import IpAddress, Phase
from sensor_manager.plan.link import Lease
from sensor_manager.platforms.in_memory import MemoryEngine, MemoryNetfilter
from sensor_manager.platforms.memory_link import MemoryLink
from sensor_manager.settings import Settings
from sensor_wire.v1.architecture import Architecture

ADDRESS = IPv4Address("127.0.0.1")
MEMORY = 512 * 1024 * 1024

log = structlog.get_logger(__name__)


class Dummy:
    """Talks to a real server, keeps real events, and only remembers honeypots and rules."""

    name = "dummy"
    architecture = Architecture.AMD64

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def honeypot_uid(self) -> int:
        """The developer's own."""
        return os.getuid()

    def engine(self, settings: Settings) -> Engine:  # noqa: ARG002 - as all platforms
        """Return one in memory, whatever the settings say."""
        return MemoryEngine()

    def netfilter(self, settings: Settings) -> Netfilter:  # noqa: ARG002 - as all platforms
        """Return one in memory."""
        return MemoryNetfilter()

    def link(self, settings: Settings) -> Link:
        """Return one in memory."""
        log.info("the network is only remembered", instead_of=settings.interface)
        return MemoryLink(lease=Lease(IPv4Interface(ADDRESS)))

    def figures(self, state: Path) -> Figures:
        """Make figures up, but for the disk."""
        usage = shutil.disk_usage(state)
        return Figures(int(time.monotonic() - self._started), MEMORY, MEMORY // 2, usage.total, usage.used)

    def addresses(self, interface: str) -> tuple[IpAddress, ...]:
        """Return one that every interface has."""
        return (ADDRESS,) if interface else ()

    def use_proxy(self, settings: Settings, url: str | None) -> None:
        """Let the developer see that there is one."""
        log.debug("the engine's proxy", wanted=url is not None, instead_of=settings.docker)

    def take_time(self, now: datetime) -> None:
        """Let the developer see it."""
        log.debug("the time", by_the_server=now.isoformat())

    def before(self, phase: Phase) -> None:
        """Let the developer see it."""
        log.debug("phase begins", phase=phase)

    def after(self, phase: Phase, problem: str | None) -> None:
        """Let the developer see it."""
        log.debug("phase ended", phase=phase, problem=problem)

    def close(self) -> None:
        """Do nothing."""
