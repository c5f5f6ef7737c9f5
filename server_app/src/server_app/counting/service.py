"""Keeping the totals: events are counted in the order of their numbers, each exactly once, whatever becomes of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Select, delete, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from server_app.counting.increments import HOUR, Fact, increments, rows_of
from server_app.counting.models import EVENTS, CountedUpTo, EventTotal, Picture
from server_app.db import Database
from server_app.events.models import Event
from server_app.events.rows import BulkInsert, Insert
from server_app.events.settled import newest, settled

AT_ONCE = 20_000
"""Events in one transaction. Of more events together, more are counted in the same rows."""
ROWS_AT_ONCE = 5000
KEEP_HOURS, KEEP = timedelta(days=8), timedelta(days=120)
"""How long totals by hour are kept, and those of pictures with very many keys: longer than any window."""
MANY_KEYS = Picture.SENSOR, Picture.SOURCE, Picture.PORT
_FACTS = (
    *(Event.division_id, Event.sensor_id, Event.time, Event.service, Event.kind, Event.severity),
    *(type_coerce(Event.source_ip, LargeBinary), Event.protocol, Event.destination_port),
)
_POSITION = select(CountedUpTo.position).where(CountedUpTo.what == EVENTS)


def position(session: Session) -> int:
    """The number up to which events are in the totals."""
    return session.scalars(_POSITION).one()


def hold(session: Session) -> int:
    """The same; nobody else changes totals until the end of the transaction, which must not hold other locks yet."""
    return session.scalars(_POSITION.with_for_update()).one()


def uncounted(*which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """A query of the `Fact`s of events that nothing hides, in the order of their numbers."""
    return select(*_FACTS).where(Event.hidden_by.is_(None), *which).order_by(Event.id)


def count_next(database: Database) -> bool:
    """Count some of the events that are not in the totals; whether there may be more.

    Events of transactions that are still open may get numbers below some that can be seen: counting stops before them.
    """
    with database.reading() as session:
        if newest(session) <= position(session):
            return False
        complete = settled(session)
    if complete is None:
        return False
    with database.writing() as session:
        after = hold(session)
        numbers = select(Event.id).where(Event.id > after, Event.id <= complete).order_by(Event.id).limit(AT_ONCE)
        found = session.scalars(numbers).all()
        last = found[-1] if len(found) == AT_ONCE else max(complete, after)
        _add(session, [Fact(*row) for row in session.execute(uncounted(Event.id > after, Event.id <= last))])
        session.execute(update(CountedUpTo).where(CountedUpTo.what == EVENTS).values(position=last))
    return len(found) == AT_ONCE


def count_before_removal(session: Session, which: ColumnElement[bool]) -> None:
    """Count those of the events that are about to be removed that are not in the totals: nobody sees them later.

    Args:
        session: a writing one; `hold` was the first thing it did.
        which: the events.
    """
    after = position(session)
    _add(session, [Fact(*row) for row in session.execute(uncounted(Event.id > after, which))])


def remove_old(database: Database, now: datetime) -> None:
    """Remove totals that no window reaches back to."""
    with database.writing() as session:
        hold(session)
        hours = (EventTotal.span == HOUR) & (EventTotal.start < now - KEEP_HOURS)
        many = EventTotal.picture.in_(MANY_KEYS) & (EventTotal.start < now - KEEP)
        session.execute(delete(EventTotal).where(or_(hours, many)).execution_options(synchronize_session=False))


def _add(session: Session, facts: list[Fact]) -> None:
    rows: Iterator[dict[str, Any]] = rows_of(increments(facts))
    for some in batched(rows, ROWS_AT_ONCE):
        _TOTALS.run(session.connection(), some)


def _added(insert: Insert) -> Insert:
    total = EventTotal.events + insert.excluded.events
    return insert.on_conflict_do_update(index_elements=_KEY, set_={"events": total})


_KEY = [column.name for column in EventTotal.__table__.primary_key]
_TOTALS = BulkInsert(EventTotal, [*_KEY, "events"], _added)
