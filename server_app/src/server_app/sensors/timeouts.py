"""Noticing that sensors have stopped polling."""

from datetime import datetime

from sqlalchemy import select

from server_app.db import Database
from server_app.preferences import service as preferences
from server_app.sensors import history
from server_app.sensors.models import SensorStatus
from server_app.sensors.preferences import SensorSection


def notice(database: Database, now: datetime) -> list[int]:
    """Put all sensors that are overdue into the history, each once until it is back.

    Returns:
        Their numbers.
    """
    overdue = (SensorStatus.due_at < now) & SensorStatus.timed_out.is_(False)
    with database.reading() as session:
        candidates = session.scalars(select(SensorStatus.sensor_id).where(overdue)).all()
    return [sensor_id for sensor_id in candidates if _notice_one(database, sensor_id, now)]


def _notice_one(database: Database, sensor_id: int, now: datetime) -> bool:
    # One at a time, so that polls of the others wait for nothing.
    with database.writing() as session:
        status = session.get(SensorStatus, sensor_id, with_for_update=True)
        if status is None or status.timed_out or status.due_at is None or status.due_at >= now:
            return False  # it is gone, or has come meanwhile
        status.timed_out = True
        keep = preferences.load(session, SensorSection).history_entries
        history.note(session, history.went(sensor_id, status.due_at, status.health), keep)
        return True
