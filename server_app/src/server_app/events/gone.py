"""Removing the events of sensors that are no more, by rows and without haste.

A sensor's row goes at once, and nobody sees its events from then on. What is left to do is read from the tables
themselves: whoever is stopped in the middle, the next run goes on.
"""

from collections.abc import Iterator

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server_app.counting import service as counting
from server_app.db import Database
from server_app.events.models import Event, EventSession
from server_app.events.sweep import ROWS_AT_ONCE, Removed
from server_app.sensors.models import Sensor

TASK = "remove-events-of-gone-sensors"
LOG = structlog.get_logger(__name__)


def remove_all(database: Database) -> None:
    """Remove what is left of all of them."""
    for sensor_id in sensors(database):
        total = sum(chunks(database, sensor_id), Removed())
        LOG.info("events_of_gone_sensor_removed", sensor=sensor_id, sessions=total.sessions, events=total.events)


def sensors(database: Database) -> list[int]:
    """The numbers of sensors that are no more and have left something."""
    with database.reading() as session:
        named = {*_distinct(session, Event.sensor_id), *_distinct(session, EventSession.sensor_id)}
        # Read last: the row of a sensor is there before its first event.
        return sorted(named - set(session.scalars(select(Sensor.id))))


def chunks(database: Database, sensor_id: int) -> Iterator[Removed]:
    """Remove events, the newest first, then their sessions; gives what each transaction has removed, after it.

    Rows that somebody else is removing right now are left to them, so that nobody waits in a circle.
    """
    yield from _by_rows(database, Event, Event.uuid, sensor_id)
    yield from _by_rows(database, EventSession, EventSession.id, sensor_id)


def _by_rows(
    database: Database,
    table: type[Event | EventSession],
    order: InstrumentedAttribute[object],
    sensor_id: int,
) -> Iterator[Removed]:
    query = select(table.id, order).where(table.sensor_id == sensor_id).order_by(order.desc()).limit(ROWS_AT_ONCE)
    query = query.with_for_update(skip_locked=True)
    rest = query
    while True:
        with database.writing() as session:
            counting.hold(session)
            rows = session.execute(rest).all()
            ids = [row.id for row in rows]
            if table is Event:
                counting.count_before_removal(session, Event.id.in_(ids))
            session.execute(delete(table).where(table.id.in_(ids)).execution_options(synchronize_session=False))
        if not rows:
            return
        yield Removed(events=len(rows)) if table is Event else Removed(sessions=len(rows))
        rest = query.where(order < rows[-1][1])  # not through the dead ones again


def _distinct(session: Session, column: InstrumentedAttribute[int]) -> Iterator[int]:
    """The values of an indexed column, by one look into the index for each."""
    last = 0
    while (found := session.scalar(select(func.min(column)).where(column > last))) is not None:
        yield found
        last = found
