"""Reading all events or sessions of a filter, however many: in chunks, each by short reads of its own.

No transaction is open while the client takes what it got, so that a slow one holds up neither the database nor others.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import batched

from sqlalchemy.orm import Session, selectinload

from server_app.accounts.principal import Principal
from server_app.db import Database
from server_app.events import queries
from server_app.events.models import Event, EventSession
from server_app.events.queries import Key, Place
from server_app.events.schemas import EventItem, SessionItem, event_detail, event_item, session_item
from server_app.events.wanted import EventOrder, SessionOrder

KEYS = 1000
WHOLE_EVENTS = 50
"""Events with details that are in memory at once: each can have a quarter of a megabyte."""
WHOLE_PARTS = selectinload(Event.sensor), selectinload(Event.parent)


def events(database: Database, who: Principal, wanted: EventOrder, *, whole: bool) -> Iterator[list[EventItem]]:
    """What the list of events shows; if `whole`, with details and packets."""
    parts, item = (WHOLE_PARTS, event_detail) if whole else (queries.EVENT_PARTS, event_item)

    def find(session: Session, place: Place) -> list[Key]:
        return queries.keys(session, who, Event, wanted, place)

    def read(session: Session, found: Sequence[Key]) -> list[EventItem]:
        return [item(row) for row in queries.rows_of(session, Event, found, parts)]

    return _chunks(database, find, read, WHOLE_EVENTS if whole else KEYS)


def sessions(database: Database, who: Principal, wanted: SessionOrder) -> Iterator[list[SessionItem]]:
    """What the list of sessions shows."""

    def find(session: Session, place: Place) -> list[Key]:
        return queries.keys(session, who, EventSession, wanted, place)

    def read(session: Session, found: Sequence[Key]) -> list[SessionItem]:
        return [session_item(row) for row in queries.rows_of(session, EventSession, found, queries.SESSION_PARTS)]

    return _chunks(database, find, read, KEYS)


def _chunks[T](
    database: Database,
    find: Callable[[Session, Place], list[Key]],
    read: Callable[[Session, Sequence[Key]], list[T]],
    at_once: int,
) -> Iterator[list[T]]:
    after: Key | None = None
    while True:
        with database.reading() as session:
            found = find(session, Place(KEYS, after))
        for part in batched(found[:KEYS], at_once):
            with database.reading() as session:
                items = read(session, part)
            yield items
        if len(found) <= KEYS:
            return
        after = found[KEYS - 1]
