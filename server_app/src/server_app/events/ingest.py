"""From an uploaded item to the columns of a row, or to the reason why not. Pure."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sensor_wire.v1.event import MAX_EVENT_BYTES, Event
from server_app.events.ranks import severity_rank
from server_app.field_errors import field_errors

UUID_VERSION = 7
MAX_REASON = 256
NUL = "\x00"
REPLACEMENT = "\ufffd"


@dataclass(frozen=True)
class Accepted:
    """An item that can be stored: the event's columns, without sensor and time of arrival."""

    uuid: UUID
    columns: dict[str, Any]


@dataclass(frozen=True)
class Rejected:
    """An item that can never be stored; `uuid` is None where it could not be read."""

    uuid: UUID | None
    reason: str


def read_item(item: Any) -> Accepted | Rejected:
    """Check one item of a batch.

    Args:
        item: what JSON gave, of any shape.
    """
    size = len(json.dumps(item))
    if size > MAX_EVENT_BYTES:
        return Rejected(_uuid_of(item), f"the event has {size} bytes, more than {MAX_EVENT_BYTES}")
    try:
        event = Event.parse_strict(item)
        time = event.time.astimezone(UTC)
    except ValidationError as error:
        first = field_errors(error)[0]
        return Rejected(_uuid_of(item), f"{first.pointer or 'the event'}: {first.reason}"[:MAX_REASON])
    except OverflowError:
        return Rejected(_uuid_of(item), "/time: out of range")
    return Accepted(event.id, _columns(event, time))


def _columns(event: Event, time: datetime) -> dict[str, Any]:
    return {
        "uuid": event.id,
        "time": time,
        "service": event.service,
        "source_ip": _address(event.source.ip),
        "source_port": event.source.port,
        "destination_ip": _address(event.destination.ip),
        "destination_port": event.destination.port,
        "protocol": event.protocol.value,
        "kind": event.kind.value,
        "severity": severity_rank(event.severity),
        "session": event.session,
        # PostgreSQL's text has no NUL; an attacker's byte must not make the event unstorable.
        "summary": event.summary.replace(NUL, REPLACEMENT),
        "details": [detail.model_dump(mode="json") for detail in event.details],
        "packets": [packet.model_dump(mode="json") for packet in event.packets],
        "truncated": event.truncated,
    }


def _address(address: IPv4Address | IPv6Address) -> str:
    # Without the scope (%eth0): it means something on the sensor only, and has no bound.
    return str(IPv6Address(int(address))) if isinstance(address, IPv6Address) else str(address)


def _uuid_of(item: Any) -> UUID | None:
    try:
        uuid = UUID(item["id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    return uuid if uuid.version == UUID_VERSION else None
