"""The history of a sensor's states: bounded in number when written, in age by the worker."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sensor_wire.v1.poll import Report
from server_app import old_rows
from server_app.accounts.principal import Principal
from server_app.db import Database
from server_app.paging import Page, PageRequest, newest_first
from server_app.preferences import service as preferences
from server_app.sensors import service as sensors
from server_app.sensors.models import Health, SensorState, StatusChange
from server_app.sensors.preferences import SensorSection

LONGEST_ERROR = 256


def excerpt(report: Report) -> dict[str, Any]:
    """What of a report belongs into the history; two reports with equal excerpts are one state."""
    update = report.update.model_dump(mode="json") if report.update else None
    return {
        "firmware": report.firmware,
        "addresses": [str(address) for address in report.addresses],
        "services": [
            {
                "name": service.name,
                "state": service.state.value,
                "revision": service.revision,
                "error": _short(service.error),
            }
            for service in report.services
        ],
        "update": update if update is None else update | {"error": _short(update["error"])},
        "error": report.error,
    }


def note(session: Session, change: StatusChange, keep: int) -> None:
    """Add an entry; of this sensor's, only the newest `keep` stay."""
    session.add(change)
    session.flush()
    own = StatusChange.sensor_id == change.sensor_id
    surplus = select(StatusChange.id).where(own).order_by(StatusChange.id.desc()).offset(keep).limit(1)
    session.execute(
        delete(StatusChange).where(own, StatusChange.id <= surplus.scalar_subquery()),
        execution_options={"synchronize_session": False},
    )


def came(sensor_id: int, at: datetime, health: Health, report: Report) -> StatusChange:
    """An entry for a sensor that polls, and says something new or is back."""
    return StatusChange(sensor_id=sensor_id, time=at, state=SensorState.ONLINE, health=health, report=excerpt(report))


def went(sensor_id: int, at: datetime, health: Health) -> StatusChange:
    """An entry for a sensor that has stopped polling; `health` is as it was."""
    return StatusChange(sensor_id=sensor_id, time=at, state=SensorState.TIMEOUT, health=health, report=None)


def list_changes(session: Session, who: Principal, sensor_id: int, wanted: PageRequest) -> Page[StatusChange]:
    """The history of a sensor, newest first.

    Raises:
        NotFound: there is none of this number that the user sees.
        Invalid: the cursor is none of ours.
    """
    sensors.get_sensor(session, who, sensor_id)
    query = select(StatusChange).where(StatusChange.sensor_id == sensor_id)
    order = (StatusChange.time, StatusChange.id)
    return newest_first(session, query, order, lambda change: (change.time, change.id), wanted)


def remove_old(database: Database, now: datetime) -> int:
    """Remove entries that are older than the system-wide settings say; returns how many went."""
    with database.reading() as session:
        days = preferences.load(session, SensorSection).history_days
    return old_rows.remove(database, StatusChange.id, StatusChange.time, now - timedelta(days=days))


def _short(text: str | None) -> str | None:
    return text and text[:LONGEST_ERROR]
