"""Up to which number events are complete."""

import time

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server_app.events.models import Event

PATIENCE = 2.0
"""Seconds to wait for transactions that are writing events."""
LOOK_AGAIN = 0.01
_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND relation = 'events'::regclass"
)


def newest(session: Session) -> int:
    """The highest number of an event that can be seen; 0 when there is none."""
    return session.scalar(select(func.max(Event.id))) or 0


def settled(session: Session) -> int | None:
    """A number up to which no event will appear any more; None when a transaction keeps that open for too long.

    SQLite has one writer, so there it is the highest one. PostgreSQL gives a number before the commit, so that a higher
    one can be seen first. But whoever was given a number holds a lock on the table until the end of the transaction:
    when all that held one after we saw the highest number have ended, what is missing below was rolled back.
    The transaction must be READ COMMITTED (the default), and the sequence without a cache.
    """
    highest = newest(session)
    if session.get_bind().dialect.name != "postgresql":
        return highest
    deadline = time.monotonic() + PATIENCE
    writing = _writers(session)
    while writing:
        if time.monotonic() > deadline:
            return None
        time.sleep(LOOK_AGAIN)
        writing &= _writers(session)
    return highest


def _writers(session: Session) -> set[str]:
    return set(session.scalars(_WRITERS))
