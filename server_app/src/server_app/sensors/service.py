"""Sensors as people see and change them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sensor_wire.v1.poll import Report
from server_app.accounts.principal import Principal
from server_app.divisions import service as divisions
from server_app.errors import Conflict, FieldError, NotFound
from server_app.events.models import Event
from server_app.forwarding import outbox
from server_app.platforms import service as platforms
from server_app.sensors.change import apply
from server_app.sensors.health import warnings
from server_app.sensors.host_names import new_number
from server_app.sensors.models import Sensor, SensorState, SensorStatus
from server_app.sensors.queries import visible

MISSED_POLLS = 2
GRACE = timedelta(seconds=30)


def due_at(contact: datetime, poll_interval: int) -> datetime:
    """When a sensor counts as timed out that polled last at `contact` and was told this interval (seconds)."""
    return contact + MISSED_POLLS * timedelta(seconds=poll_interval) + GRACE


def state_of(sensor: Sensor, now: datetime) -> SensorState:
    """Whether a sensor polls, judged by its last contact and the interval it was told then."""
    status = sensor.status
    if status.last_contact_at is None or status.due_at is None:
        return SensorState.NEW
    return SensorState.ONLINE if now <= status.due_at else SensorState.TIMEOUT


def report_of(sensor: Sensor) -> Report | None:
    """What the sensor last said of itself; None before its first poll."""
    return report_in(sensor.status)


def report_in(status: SensorStatus) -> Report | None:
    """The report that a status holds."""
    return None if status.report is None else Report.model_validate(status.report)


def problems_of(sensor: Sensor) -> list[str]:
    """What the sensor's last report says is wrong, in words for people."""
    report, received_at = report_of(sensor), sensor.status.reported_at
    if report is None or received_at is None:
        return []
    return [*([report.error] if report.error else []), *warnings(report, received_at)]


def list_sensors(session: Session, who: Principal) -> list[Sensor]:
    """The sensors a user sees, by name, with division and status."""
    return list(session.scalars(visible(who).order_by(Sensor.name)))


def get_sensor(session: Session, who: Principal, sensor_id: int) -> Sensor:
    """One sensor, with division and status.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    sensor = session.scalar(visible(who).where(Sensor.id == sensor_id))
    if sensor is None:
        raise NotFound(f"There is no sensor {sensor_id}.")
    return sensor


def names_in(session: Session, division_id: int) -> list[str]:
    """The names of a division's sensors, in their order."""
    return list(session.scalars(select(Sensor.name).where(Sensor.division_id == division_id).order_by(Sensor.name)))


def writable_sensor(session: Session, who: Principal, sensor_id: int) -> Sensor:
    """One sensor, for a user who wants to change it.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
    """
    sensor = get_sensor(session, who, sensor_id)
    who.require_write()
    return sensor


def create_sensor(session: Session, who: Principal, values: dict[str, Any], now: datetime) -> Sensor:
    """Add a sensor.

    Args:
        session: a writing one.
        who: the user.
        values: name, location, division (number) and all settings, see `schemas.NewSensor`.
        now: the current moment.

    Raises:
        Forbidden: the user only looks.
        Invalid: there is no such division for this user, or no such firmware.
        Conflict: the name is taken.
    """
    division = divisions.writable_division(session, who, values["division"])
    _refuse_taken(session, values["name"], None)
    _refuse_unknown_firmware(session, values)
    number = new_number(session.scalars(select(Sensor.name_number)).all())
    sensor = Sensor(division=division, created_at=now, status=SensorStatus(generation=0), name_number=number)
    apply(sensor, values)
    session.add(sensor)
    session.flush()
    return sensor


def update_sensor(session: Session, who: Principal, sensor_id: int, values: dict[str, Any]) -> Sensor:
    """Change those fields that `values` has, see `schemas.SensorChange`.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
        Invalid: there is no such division for this user, or the password of another proxy is missing.
        Conflict: the name is taken.
    """
    sensor = writable_sensor(session, who, sensor_id)
    if "name" in values:
        _refuse_taken(session, values["name"], sensor_id)
    if "division" in values:
        sensor.division = divisions.writable_division(session, who, values["division"])
    _refuse_unknown_firmware(session, values)
    apply(sensor, values)
    return sensor


def delete_sensor(session: Session, who: Principal, sensor_id: int) -> None:
    """Remove a sensor with its certificates and assignments. Its events are seen no more; see `events.gone`.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
    """
    sensor = writable_sensor(session, who, sensor_id)
    outbox.note_removal(session, Event.sensor_id == sensor_id)
    session.delete(sensor)


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    taken = session.scalar(select(Sensor.id).where(Sensor.name == name))
    if taken is not None and taken != own_id:
        raise Conflict("There is a sensor of this name. Choose another.", (FieldError("/name", "is taken"),))


def _refuse_unknown_firmware(session: Session, values: dict[str, Any]) -> None:
    pin = values.get("pinned_firmware")
    if pin is not None:
        platforms.get_firmware_to_pin(session, pin.platform, pin.revision)
