"""Keeping the totals: events are counted in the order of their numbers, each exactly once, whatever becomes of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from server_app.counting.increments import DAY, HOUR, WEEK, Fact, increments, rows_of, week_of
from server_app.counting.models import EVENTS, WEEKS, CountedUpTo, EventTotal, Picture
from server_app.db import Database, UtcDateTime
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


def weeks(session: Session) -> datetime:
    """The Monday before which weeks have totals."""
    seconds = session.scalars(select(CountedUpTo.position).where(CountedUpTo.what == WEEKS)).one()
    return datetime.fromtimestamp(seconds, UTC)


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


def complete_weeks(database: Database, now: datetime) -> None:
    """Make the totals of the weeks that are over, of those of their days.

    While a week runs, its days are what is read: writing both would be nearly twice the work.
    """
    due = week_of(now)
    with database.reading() as session:
        if weeks(session) >= due:
            return
    with database.writing() as session:
        hold(session)
        week = weeks(session)
        while week < due:
            session.execute(_WEEK, {"week": week, "next": week + timedelta(days=7)})
            week += timedelta(days=7)
        row = update(CountedUpTo).where(CountedUpTo.what == WEEKS)
        session.execute(row.values(position=int(week.timestamp())))


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
    rows: Iterator[dict[str, Any]] = rows_of(increments(facts, weeks(session)))
    for some in batched(rows, ROWS_AT_ONCE):
        _TOTALS.run(session.connection(), some)


def _added(insert: Insert) -> Insert:
    total = EventTotal.events + insert.excluded.events
    return insert.on_conflict_do_update(index_elements=_KEY, set_={"events": total})


_KEY = [column.name for column in EventTotal.__table__.primary_key]
_PLACE = [EventTotal.picture, EventTotal.division_id, EventTotal.sensor_id, EventTotal.key]
_BEGIN = bindparam("week", type_=UtcDateTime())
_WEEK = insert(cast("Table", EventTotal.__table__)).from_select(
    ["span", "start", *(column.key for column in _PLACE), "events"],
    select(literal(WEEK), _BEGIN, *_PLACE, func.sum(EventTotal.events))
    .where(EventTotal.span == DAY, EventTotal.start >= _BEGIN)
    .where(EventTotal.start < bindparam("next", type_=UtcDateTime()))
    .group_by(*_PLACE),
)
_TOTALS = BulkInsert(EventTotal, [*_KEY, "events"], _added)
