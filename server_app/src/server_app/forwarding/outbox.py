"""The events that wait to be forwarded, read in bounded pieces; none of it costs the ingest anything."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, null, select, update
from sqlalchemy.orm import Session

from server_app.divisions.models import Division
from server_app.events.models import Event, EventSession
from server_app.events.ranks import severity_rank
from server_app.forwarding.message import MOST_BYTES, Outgoing
from server_app.forwarding.models import ForwardingPosition
from server_app.forwarding.positions import SYSLOG
from server_app.forwarding.preferences import ForwardingSection
from server_app.preferences import service as preferences
from server_app.sensors.models import Sensor

AT_ONCE = 500
COUNT_UP_TO = 100_000
_details = cast(Event.details, Text)
_OUTGOING = (
    select(
        *(Event.id, Event.uuid, Event.time, Event.received_at, Event.service, Event.source_ip, Event.source_port),
        *(Event.destination_ip, Event.destination_port, Event.protocol, Event.kind, Event.severity, Event.summary),
        Event.truncated,
        case((func.length(_details) <= MOST_BYTES, _details), else_=null()),
        *(EventSession.session, Event.sensor_id, Sensor.name, func.coalesce(Division.name, "")),
    )
    .join(Sensor, Sensor.id == Event.sensor_id)
    .join(EventSession, EventSession.id == Event.session_id, isouter=True)
    .join(Division, Division.id == Event.division_id, isouter=True)
    .order_by(Event.id)
)


@dataclass(frozen=True)
class Piece:
    """Some events, and the number up to which they are all that is wanted."""

    events: list[Outgoing]
    last: int


@dataclass(frozen=True)
class Waiting:
    """How many events wait, or that there are more than were counted; and since when."""

    events: int
    more: bool
    since: datetime | None


def position(session: Session) -> ForwardingPosition | None:
    """How far it is; None when nothing is forwarded."""
    return session.get(ForwardingPosition, SYSLOG)


def read(session: Session, section: ForwardingSection, after: int, settled: int) -> Piece:
    """The next events after a number and up to a settled one, bounded in number and size."""
    numbers = select(Event.id).where(Event.id > after, Event.id <= settled).order_by(Event.id).limit(AT_ONCE)
    last = session.scalar(select(func.max(numbers.subquery().c.id)))
    if last is None:
        return Piece([], settled)
    query = _OUTGOING.where(Event.id > after, Event.id <= last, _wanted(section))
    return Piece([Outgoing._make(row) for row in session.connection().execute(query)], last)


def waiting(session: Session, section: ForwardingSection, after: int) -> Waiting:
    """What is wanted after a number; counted up to `COUNT_UP_TO`."""
    chosen = and_(Event.id > after, _wanted(section))
    some = select(Event.id).where(chosen).limit(COUNT_UP_TO + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    since = session.scalar(select(Event.received_at).where(chosen).order_by(Event.id).limit(1))
    return Waiting(min(found, COUNT_UP_TO), found > COUNT_UP_TO, since)


def note_removal(session: Session, which: ColumnElement[bool]) -> None:
    """Count those of the events that are about to be removed that wait to be forwarded."""
    after = session.scalar(select(ForwardingPosition.position).where(ForwardingPosition.destination == SYSLOG))
    if after is None:
        return
    section = preferences.load(session, ForwardingSection)
    lost = session.scalar(select(func.count()).where(Event.id > after, _wanted(section), which))
    if lost:
        row = update(ForwardingPosition).where(ForwardingPosition.destination == SYSLOG)
        session.execute(row.values(removed=ForwardingPosition.removed + lost))


def _wanted(section: ForwardingSection) -> ColumnElement[bool]:
    return and_(Event.hidden_by.is_(None), Event.severity >= severity_rank(section.least_severity))
