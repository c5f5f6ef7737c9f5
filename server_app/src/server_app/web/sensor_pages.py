"""The sensors: what they last said of themselves, and whether they still say anything."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from sensor_wire.v1.poll import CheckItem, Report, ServiceReport, ServiceState
from server_app.accounts.sessions import Login
from server_app.context import context
from server_app.db import now
from server_app.preferences import service as preferences
from server_app.sensors.models import Health, Sensor, SensorState
from server_app.sensors.persona import Persona, persona_of
from server_app.sensors.preferences import SensorSection
from server_app.sensors.service import list_sensors, problems_of, report_of, state_of
from server_app.web.fragments import unchanged, version_of


@dataclass(frozen=True)
class Condition:
    """How something is, in a word, and the style it is shown in."""

    label: str
    css: str


NEW = Condition("waiting for first contact", "waiting")
ONLINE = Condition("online", "online")
DEGRADED = Condition("needs attention", "degraded")
TIMEOUT = Condition("timed out", "lost")

SERVICE_STYLES = {ServiceState.RUNNING: "running", ServiceState.FAILED: "failed", ServiceState.UNKNOWN: "failed"}


@dataclass(frozen=True)
class ServiceView:
    """One honeypot of a sensor. Of a sensor that is silent, nothing is known for sure."""

    name: str
    state: str
    css: str
    revision: str | None
    error: str | None
    log: tuple[str, ...]


@dataclass(frozen=True)
class SensorView:
    """One sensor as the page shows it."""

    name: str
    division: str
    location: str
    persona: Persona
    state: Condition
    last_contact_at: datetime | None
    report: Report | None
    problems: tuple[str, ...]
    services: tuple[ServiceView, ...]

    @property
    def failed_checks(self) -> list[CheckItem]:
        """What was wrong when the sensor last checked itself, which is often why it has been silent before."""
        check = self.report.check if self.report else None
        return [item for item in check.items if not item.ok] if check else []


def sensors(*, login: Login) -> ResponseReturnValue:
    """The page."""
    return render_template("sensors.html", page="sensors", login=login, **_listed(login))


def sensor_list(*, login: Login) -> ResponseReturnValue:
    """All sensors, if they are not as the page shows them."""
    listed = _listed(login)
    return unchanged(listed["version"]) or render_template("_sensors.html", **listed)


def view_of(sensor: Sensor, persona: Persona, moment: datetime) -> SensorView:
    """A row as the page shows it.

    Args:
        sensor: with division and status.
        persona: what its honeypots claim to be.
        moment: the current one.
    """
    state = state_of(sensor, moment)
    report = report_of(sensor)
    silent = state is SensorState.TIMEOUT
    return SensorView(
        name=sensor.name,
        division=sensor.division.name,
        location=sensor.location,
        persona=persona,
        state=_condition(state, sensor.status.health),
        last_contact_at=sensor.status.last_contact_at,
        report=report,
        problems=tuple(problems_of(sensor)),
        services=tuple(_service(service, silent=silent) for service in report.services) if report else (),
    )


def _listed(login: Login) -> dict[str, Any]:
    with context().database.reading() as session:
        rows = list_sensors(session, login.principal)
        system = preferences.load(session, SensorSection).persona
        views = [view_of(row, persona_of(row, system), now()) for row in rows]
    return {"sensors": views, "counts": Counter(view.state for view in views), "version": version_of(views)}


def _condition(state: SensorState, health: Health) -> Condition:
    if state is SensorState.NEW:
        return NEW
    if state is SensorState.TIMEOUT:
        return TIMEOUT
    return DEGRADED if health in {Health.ERROR, Health.WARNING} else ONLINE


def _service(service: ServiceReport, *, silent: bool) -> ServiceView:
    css = "unknown" if silent else SERVICE_STYLES.get(service.state, "changing")
    state = f"{_state(service)} at last contact" if silent else _state(service)
    return ServiceView(service.name, state, css, service.revision, service.error, tuple(service.log))


def _state(service: ServiceReport) -> str:
    if service.crash_loop:
        return "ends again and again"
    if service.progress is not None and service.progress.total:
        return f"{service.state}, {100 * service.progress.done // service.progress.total} %"
    return str(service.state)
