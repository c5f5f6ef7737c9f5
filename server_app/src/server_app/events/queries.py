"""Reading events: lists of events and of sessions, by time, for users who see some divisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_, union_all
from sqlalchemy.orm import Session, defer, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from server_app.accounts.principal import Principal
from server_app.errors import NotFound
from server_app.events import searching
from server_app.events.conditions import (
    Conditions,
    Table,
    branches,
    common,
    looked_for,
    moment_of,
    several,
    shelf_of,
    source_range,
)
from server_app.events.models import Event, EventSession
from server_app.events.wanted import EventFilter, EventOrder, Order, SessionFilter, SessionOrder
from server_app.paging import Page, PageRequest, cursor_of, key_in

type Key = tuple[datetime, int]
EVENT_PARTS = (selectinload(Event.sensor), selectinload(Event.parent), defer(Event.details), defer(Event.packets))
SESSION_PARTS = (selectinload(EventSession.sensor), selectinload(EventSession.assignee))


def list_events(session: Session, who: Principal, wanted: EventFilter) -> Page[Event]:
    """Events by time, without details and packets."""
    found = keys(session, who, Event, wanted, place_of(wanted))
    rows = rows_of(session, Event, found[: wanted.limit], EVENT_PARTS)
    return Page(rows, _next(found, wanted.limit))


def get_event(session: Session, who: Principal, event_id: int) -> Event:
    """One event with everything.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    event = session.get(Event, event_id, options=[joinedload(Event.sensor), joinedload(Event.parent)])
    if event is None or not is_whole(event) or not who.sees(event.division_id):
        raise NotFound(f"There is no event {event_id}.")
    return event


def list_sessions(session: Session, who: Principal, wanted: SessionFilter) -> Page[EventSession]:
    """Sessions by the time of their last event."""
    found = keys(session, who, EventSession, wanted, place_of(wanted))
    rows = rows_of(session, EventSession, found[: wanted.limit], SESSION_PARTS)
    return Page(rows, _next(found, wanted.limit))


def get_session(session: Session, who: Principal, session_id: int) -> EventSession:
    """One session.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    row = session.get(EventSession, session_id, options=[joinedload(EventSession.sensor)])
    if row is None or not is_whole(row) or not who.sees(row.division_id):
        raise NotFound(f"There is no session {session_id}.")
    return row


def events_of(session: Session, row: EventSession, limit: int) -> list[Event]:
    """The events of a session with everything, oldest first, `limit` at most."""
    query = select(Event).where(Event.session_id == row.id)
    return list(session.scalars(query.order_by(Event.time, Event.id).limit(limit)))


@dataclass(frozen=True)
class Place:
    """Where in a list: how many rows, and after which."""

    limit: int
    after: Key | None


def place_of(wanted: PageRequest) -> Place:
    """The place of a page.

    Raises:
        Invalid: the cursor is none of ours.
    """
    return Place(wanted.limit, None if wanted.cursor is None else key_in(wanted.cursor))


def keys(session: Session, who: Principal, table: Table, wanted: EventOrder | SessionOrder, place: Place) -> list[Key]:
    """Moments and numbers of the rows at a place, in order, and of the one that follows."""
    shared = [*common(table, wanted), *_after(table, wanted.order, place.after)]
    search = looked_for(table, wanted)
    if not search or not _on_postgresql(session) or (isinstance(wanted, EventOrder) and wanted.among_hidden):
        query = _scans(table, [[*shared, *search, *branch] for branch in branches(who, table, wanted)], wanted, place)
        return [(row[0], row[1]) for row in session.execute(query)]
    fits = [*search, *(whole for whole, _ in several(who, table, wanted))]
    asked = searching.Search(
        table, wanted.text, shared, fits, wanted.order, place.limit + 1, source_range(wanted), shelf_of(wanted)
    )
    return [(row.moment, row.number) for row in searching.found(session, asked)]


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _scans(table: Table, branches: list[Conditions], wanted: EventOrder | SessionOrder, place: Place) -> Select[Any]:
    """Ordered scans, merged."""
    scans = [_scan(table, branch, wanted.order, place.limit) for branch in branches]
    if len(scans) == 1:
        return scans[0]
    merged = union_all(*(select(scan.subquery()) for scan in scans)).subquery()
    moment, number = merged.c
    return select(moment, number).order_by(*searching.ordered(moment, number, wanted.order)).limit(place.limit + 1)


def _scan(table: Table, conditions: Conditions, wanted: Order, limit: int) -> Select[Any]:
    columns: tuple[ColumnElement[Any], ColumnElement[Any]] = moment_of(table).expression, table.id.expression
    return select(*columns).where(*conditions).order_by(*searching.ordered(*columns, wanted)).limit(limit + 1)


def _after(table: Table, wanted: Order, key: Key | None) -> Conditions:
    if key is None:
        return []
    place, last = tuple_(moment_of(table), table.id), tuple_(*key)
    return [place > last if wanted is Order.OLDEST else place < last]


def _next(found: Sequence[Key], limit: int) -> str | None:
    return cursor_of(found[limit - 1]) if len(found) > limit else None


def rows_of[T: (Event, EventSession)](
    session: Session, table: type[T], wanted: Sequence[Key], parts: Sequence[ORMOption]
) -> list[T]:
    """The rows themselves; who was deleted meanwhile is left out."""
    numbers = [number for _, number in wanted]
    query = select(table).where(table.id.in_(numbers)).options(*parts)
    rows = {row.id: row for row in session.scalars(query) if is_whole(row)}
    return [rows[number] for number in numbers if number in rows]


def is_whole(row: Any) -> bool:
    """Whether the sensor and the session of a row are there; of those that are not, the worker removes the rest."""
    return row.sensor is not None and (not isinstance(row, Event) or row.parent is not None)
