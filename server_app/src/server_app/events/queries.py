"""Reading events: lists of events and of sessions, newest first, for users who see some divisions."""

from ipaddress import IPv6Address
from typing import Annotated

from pydantic import IPvAnyAddress, StringConstraints
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer, joinedload

from sensor_wire.v1.event import EventKind
from server_app.accounts.principal import Principal
from server_app.errors import NotFound
from server_app.events.models import Event, EventSession
from server_app.fields import RowId
from server_app.paging import Page, PageRequest, newest_first
from server_app.sensors.models import Sensor


class EventFilter(PageRequest):
    """What to list; what is left out does not matter."""

    sensor: RowId | None = None
    service: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")] | None = None
    session: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] | None = None
    source: IPvAnyAddress | None = None
    kind: EventKind | None = None


def list_events(session: Session, who: Principal, wanted: EventFilter) -> Page[Event]:
    """Events by time, newest first, without details and packets."""
    query = _filtered(select(Event), Event, who, wanted).options(
        joinedload(Event.sensor), defer(Event.details), defer(Event.packets)
    )
    return newest_first(session, query, (Event.time, Event.id), lambda event: (event.time, event.id), wanted)


def get_event(session: Session, who: Principal, event_id: int) -> Event:
    """One event with everything.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    event = session.get(Event, event_id, options=[joinedload(Event.sensor)])
    if event is None or not who.sees(event.sensor.division_id):
        raise NotFound(f"There is no event {event_id}.")
    return event


def list_sessions(session: Session, who: Principal, wanted: EventFilter) -> Page[EventSession]:
    """Sessions by the time of their last event, newest first."""
    query = _filtered(select(EventSession), EventSession, who, wanted).options(joinedload(EventSession.sensor))
    return newest_first(
        session, query, (EventSession.last_time, EventSession.id), lambda row: (row.last_time, row.id), wanted
    )


def get_session(session: Session, who: Principal, session_id: int) -> EventSession:
    """One session.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    row = session.get(EventSession, session_id, options=[joinedload(EventSession.sensor)])
    if row is None or not who.sees(row.sensor.division_id):
        raise NotFound(f"There is no session {session_id}.")
    return row


def events_of(session: Session, row: EventSession, limit: int) -> list[Event]:
    """The events of a session with everything, oldest first, `limit` at most."""
    query = select(Event).where(Event.sensor_id == row.sensor_id, Event.session == row.session)
    return list(session.scalars(query.order_by(Event.time, Event.id).limit(limit)))


def _filtered[T: (Event, EventSession)](
    query: Select[T], table: type[T], who: Principal, wanted: EventFilter
) -> Select[T]:
    if who.divisions is not None:
        query = query.join(table.sensor).where(Sensor.division_id.in_(who.divisions))
    if wanted.source is not None:
        source = wanted.source
        text = str(IPv6Address(int(source))) if isinstance(source, IPv6Address) else str(source)
        query = query.where(table.source_ip == text)
    for column, value in (
        (table.sensor_id, wanted.sensor),
        (table.service, wanted.service),
        (table.session, wanted.session),
        (table.kind, wanted.kind),
    ):
        if value is not None:
            query = query.where(column == value)
    return query
