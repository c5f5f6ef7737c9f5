"""Removing what is kept no longer: sessions with all of their events, some per transaction. The counts stay.

A worker that is killed between two transactions leaves whole sessions only, and the next run goes on.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server_app.audit import service as audit
from server_app.db import Database
from server_app.events import room
from server_app.events.columns import Shelf
from server_app.events.models import Event, EventSession
from server_app.events.preferences import EventSection
from server_app.events.room import MIB
from server_app.events.sweep import Limits, Removed, sweep
from server_app.preferences import service as preferences

FRESH = timedelta(days=1)
"""Of too many events, those that came within this time go last, however old a sensor's clock makes them."""
LOG = structlog.get_logger(__name__)


def remove_old(database: Database, now: datetime) -> Removed:
    """Remove the sessions whose last event has happened and arrived longer ago than the settings say."""
    with database.reading() as session:
        section = preferences.load(session, EventSection)
    limits: Limits = {}
    if section.keep_days is not None:
        limits[Shelf.LIVE] = limits[Shelf.HIDDEN] = now - timedelta(days=section.keep_days)
    if section.keep_archived_days is not None:
        limits[Shelf.ARCHIVED] = now - timedelta(days=section.keep_archived_days)
    why = section.model_dump(mode="json", include={"keep_days", "keep_archived_days"})
    return _written_down(database, sweep(database, limits), why)


def remove_surplus(database: Database, now: datetime) -> Removed:
    """Remove the oldest sessions of all shelves until there are not more events, and take not more, than is set."""
    with database.reading() as session:
        section = preferences.load(session, EventSection)
        surplus = {
            "max_events": 0 if section.max_events is None else _surplus(session, section.max_events),
            "max_mebibytes": 0 if section.max_mebibytes is None else room.surplus(session, section.max_mebibytes * MIB),
        }
    why = section.model_dump(mode="json", include={name for name, events in surplus.items() if events > 0})
    if not why:
        return Removed()
    return _written_down(database, _oldest_first(database, max(surplus.values()), now), why)


def _oldest_first(database: Database, surplus: int, now: datetime) -> Iterator[Removed]:
    for limit in (now - FRESH, None):
        if surplus <= 0:
            return
        for removed in sweep(database, dict.fromkeys(Shelf, limit), surplus):
            surplus -= removed.events
            yield removed


def _surplus(session: Session, most: int) -> int:
    # There are not more events than numbers between the first and the last, which costs two looks into an index.
    # Only when that is too many they are counted, by the sessions, which are fewer.
    first, last = session.execute(select(func.min(Event.id), func.max(Event.id))).one()
    if first is None or last - first < most:
        return 0
    return int(session.scalar(select(func.sum(EventSession.events))) or 0) - most


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
