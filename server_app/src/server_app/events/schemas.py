from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

from pydantic import Field

from sensor_wire.v1.event import MAX_BATCH_ITEMS, Detail, EventKind, Packet, Protocol, Severity
from server_app.api_base.body import ApiModel
from server_app.events.columns import Shelf
from server_app.events.models import Event, EventSession, SessionStatus
from server_app.events.ranks import SEVERITIES
from server_app.paging import Page


class Batch(ApiModel):
    """Events to store; each is checked by itself, so their shape is not part of the batch's."""

    events: Annotated[list[object], Field(max_length=MAX_BATCH_ITEMS)]


class EndpointItem(ApiModel):
    """One end of a contact."""

    ip: IPv4Address | IPv6Address
    port: int | None


class EventItem(ApiModel):
    """An event in a list."""

    id: int
    uuid: str
    sensor: int
    sensor_name: str
    service: str
    time: datetime
    received_at: datetime
    source: EndpointItem
    destination: EndpointItem
    protocol: Protocol
    kind: EventKind
    severity: Severity
    session: str
    summary: str
    truncated: bool
    division: int
    session_id: int
    hidden_by: int | None


class EventDetail(EventItem):
    """An event with everything."""

    details: list[Detail]
    packets: list[Packet]


class EventList(ApiModel):
    """A page of events."""

    items: list[EventItem]
    next: str | None


class SessionItem(ApiModel):
    """All events of one contact in one line."""

    id: int
    session: str
    sensor: int
    sensor_name: str
    service: str
    first_time: datetime
    last_time: datetime
    events: int
    kind: EventKind
    severity: Severity
    protocol: Protocol
    source: EndpointItem
    destination: EndpointItem
    summary: str
    division: int
    status: SessionStatus
    comment: str
    assignee: int | None
    assignee_name: str | None
    archived: bool
    hidden: bool
    changed_at: datetime | None


class SessionList(ApiModel):
    """A page of sessions."""

    items: list[SessionItem]
    next: str | None


def event_list(page: Page[Event]) -> EventList:
    """A page of rows as the API shows it."""
    return EventList(items=[EventItem.model_validate(_common(event)) for event in page.items], next=page.next)


def event_item(event: Event) -> EventItem:
    """A row as lists show it."""
    return EventItem.model_validate(_common(event))


def event_detail(event: Event) -> EventDetail:
    """A row with everything."""
    return EventDetail.model_validate(_common(event) | {"details": event.details, "packets": event.packets})


def session_list(page: Page[EventSession]) -> SessionList:
    """A page of rows as the API shows it."""
    return SessionList(items=[session_item(row) for row in page.items], next=page.next)


def session_item(row: EventSession) -> SessionItem:
    """A row as the API shows it."""
    return SessionItem(
        id=row.id,
        session=row.session,
        sensor=row.sensor_id,
        sensor_name=row.sensor.name,
        service=row.service,
        first_time=row.first_time,
        last_time=row.last_time,
        events=row.events,
        kind=EventKind(row.kind),
        severity=SEVERITIES[row.severity],
        protocol=Protocol(row.protocol),
        source=EndpointItem(ip=ip_address(row.source_ip), port=row.source_port),
        destination=EndpointItem(ip=ip_address(row.destination_ip), port=row.destination_port),
        summary=row.summary,
        division=row.division_id,
        status=row.status,
        comment=row.comment,
        assignee=row.assignee_id,
        assignee_name=None if row.assignee is None else row.assignee.name,
        archived=row.shelf == Shelf.ARCHIVED,
        hidden=row.shelf == Shelf.HIDDEN,
        changed_at=row.changed_at,
    )


def _common(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "uuid": str(event.uuid),
        "sensor": event.sensor_id,
        "sensor_name": event.sensor.name,
        "service": event.service,
        "time": event.time,
        "received_at": event.received_at,
        "source": {"ip": ip_address(event.source_ip), "port": event.source_port},
        "destination": {"ip": ip_address(event.destination_ip), "port": event.destination_port},
        "protocol": event.protocol,
        "kind": event.kind,
        "severity": SEVERITIES[event.severity],
        "session": event.session,
        "summary": event.summary,
        "truncated": event.truncated,
        "division": event.division_id,
        "session_id": event.session_id,
        "hidden_by": event.hidden_by,
    }
