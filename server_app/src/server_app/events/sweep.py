"""Removing sessions with all of their events, the oldest first, some per transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select, tuple_, union_all
from sqlalchemy.orm import Session

from server_app.counting import service as counting
from server_app.db import Database
from server_app.events import mass
from server_app.events.columns import Shelf
from server_app.events.models import Event, EventSession

ROWS_AT_ONCE = 5000
SESSIONS_AT_ONCE = 1000

type Limits = dict[Shelf, datetime | None]
"""The shelves to look at, and the moment before which their sessions are too old; None for all of a shelf.

Too old is what has happened and has arrived before. By the sensor's clock alone, its events would be gone at once while
that clock is years behind.
"""


@dataclass(frozen=True)
class Candidate:
    """A session as it was looked at."""

    id: int
    last_time: datetime
    events: int


@dataclass(frozen=True)
class Removed:
    """How much is gone."""

    sessions: int = 0
    events: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(self.sessions + other.sessions, self.events + other.events)


def sweep(database: Database, limits: Limits, surplus: int | None = None) -> Iterator[Removed]:
    """Remove from the oldest on; gives what each transaction has removed, after it.

    Args:
        database: where they are.
        limits: what is too old.
        surplus: how many events to remove at least, if there are so many; None for all that are too old.
    """
    after: Candidate | None = None
    while limits:
        with database.reading() as session:
            chosen = picked(_oldest(session, limits, after), surplus)
        if not chosen:
            return
        with database.writing() as session:
            counting.hold(session)
            removed = _remove(session, limits, chosen)
        yield removed
        after = chosen[-1]
        surplus = None if surplus is None else surplus - removed.events


def picked(candidates: Sequence[Candidate], surplus: int | None) -> Sequence[Candidate]:
    """The first of them, as many as go in one transaction, and not more than are needed to remove `surplus` events.

    A session stays whole: one that has more rows than a transaction should have goes alone.
    """
    rows = events = 0
    for place, one in enumerate(candidates):
        rows += 1 + one.events
        if (place and rows > ROWS_AT_ONCE) or (surplus is not None and events >= surplus):
            return candidates[:place]
        events += one.events
    return candidates


def _oldest(session: Session, limits: Limits, after: Candidate | None) -> list[Candidate]:
    scans = [select(_scan(shelf, before, after).subquery()) for shelf, before in limits.items()]
    merged = union_all(*scans).subquery()
    number, moment, events = merged.c
    query = select(number, moment, events).order_by(moment, number).limit(SESSIONS_AT_ONCE)
    return [Candidate(*row) for row in session.execute(query)]


def _scan(shelf: Shelf, before: datetime | None, after: Candidate | None) -> Select[int, datetime, int]:
    """The oldest of a shelf, by its index."""
    conditions: list[ColumnElement[bool]] = [EventSession.shelf == shelf]
    if before is not None:
        conditions.append(EventSession.last_time < before)
    if after is not None:
        conditions.append(tuple_(EventSession.last_time, EventSession.id) > tuple_(after.last_time, after.id))
    query = select(EventSession.id, EventSession.last_time, EventSession.events).where(*conditions)
    return query.order_by(EventSession.last_time, EventSession.id).limit(SESSIONS_AT_ONCE)


def _remove(session: Session, limits: Limits, chosen: Sequence[Candidate]) -> Removed:
    """Remove those that are as they were: to which a batch has added meanwhile, or that moved to another shelf, stay.

    One that somebody else is changing right now is left to the next run, so that nobody waits in a circle.
    """
    seen = {one.id: one.last_time for one in chosen}
    query = select(EventSession.id, EventSession.last_time, EventSession.events)
    query = query.where(EventSession.id.in_(seen), or_(*(_has_gone(shelf, limits[shelf]) for shelf in limits)))
    rows = session.execute(query.with_for_update(skip_locked=True)).all()
    same = [row for row in rows if row.last_time == seen[row.id]]
    mass.remove(session, [row.id for row in same])
    return Removed(len(same), sum(row.events for row in same))


def _has_gone(shelf: Shelf, before: datetime | None) -> ColumnElement[bool]:
    on_shelf = EventSession.shelf == shelf
    if before is None:
        return on_shelf
    late = select(Event.id).where(Event.session_id == EventSession.id, Event.received_at >= before)
    return and_(on_shelf, ~late.exists())
