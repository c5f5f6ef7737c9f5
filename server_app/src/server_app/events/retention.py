"""Removing what is kept no longer: sessions with all of their events, some per transaction. The counts stay.

A worker that is killed between two transactions leaves whole sessions only, and the next run goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, func, select, tuple_, union_all
from sqlalchemy.orm import Session

from server_app.audit import service as audit
from server_app.db import Database
from server_app.events import mass
from server_app.events.columns import Shelf
from server_app.events.models import Event, EventSession
from server_app.events.preferences import EventSection
from server_app.preferences import service as preferences

ROWS_AT_ONCE = 5000
SESSIONS_AT_ONCE = 1000
LOG = structlog.get_logger(__name__)

type Limits = dict[Shelf, datetime | None]
"""The shelves to look at, and the moment before which their sessions are too old; None for all of a shelf."""


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


def remove_old(database: Database, now: datetime) -> Removed:
    """Remove the sessions whose last event is older than the settings say."""
    with database.reading() as session:
        section = preferences.load(session, EventSection)
    limits: Limits = {}
    if section.keep_days is not None:
        limits[Shelf.LIVE] = limits[Shelf.HIDDEN] = now - timedelta(days=section.keep_days)
    if section.keep_archived_days is not None:
        limits[Shelf.ARCHIVED] = now - timedelta(days=section.keep_archived_days)
    why = section.model_dump(mode="json", include={"keep_days", "keep_archived_days"})
    return _written_down(database, _sweep(database, limits, None), why)


def remove_surplus(database: Database) -> Removed:
    """Remove the oldest sessions of all shelves until there are not more events than the settings say."""
    with database.reading() as session:
        most = preferences.load(session, EventSection).max_events
        surplus = 0 if most is None else _surplus(session, most)
    if surplus <= 0:
        return Removed()
    return _written_down(database, _sweep(database, dict.fromkeys(Shelf), surplus), {"max_events": most})


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


def _surplus(session: Session, most: int) -> int:
    # There are not more events than numbers between the first and the last, which costs two looks into an index.
    # Only when that is too many they are counted, by the sessions, which are fewer.
    first, last = session.execute(select(func.min(Event.id), func.max(Event.id))).one()
    if first is None or last - first < most:
        return 0
    return int(session.scalar(select(func.sum(EventSession.events))) or 0) - most


def _sweep(database: Database, limits: Limits, surplus: int | None) -> Iterator[Removed]:
    """Remove from the oldest on; gives what each transaction has removed, after it."""
    after: Candidate | None = None
    while limits:
        with database.reading() as session:
            chosen = picked(_oldest(session, limits, after), surplus)
        if not chosen:
            return
        with database.writing() as session:
            removed = _remove(session, limits, chosen)
        yield removed
        after = chosen[-1]
        surplus = None if surplus is None else surplus - removed.events


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
    query = query.where(EventSession.id.in_(seen), EventSession.shelf.in_(list(limits)))
    rows = session.execute(query.with_for_update(skip_locked=True)).all()
    same = [row for row in rows if row.last_time == seen[row.id]]
    mass.remove(session, [row.id for row in same])
    return Removed(len(same), sum(row.events for row in same))


def _written_down(database: Database, chunks: Iterator[Removed], why: dict[str, object]) -> Removed:
    total = Removed()
    try:
        for removed in chunks:
            total += removed
    finally:
        LOG.info("old_events_removed", sessions=total.sessions, events=total.events, **why)
        if total.sessions:
            with database.writing() as session:
                after = {"count": total.sessions, "events": total.events}
                audit.record(session, "removed", "session", None, why, after)
    return total
