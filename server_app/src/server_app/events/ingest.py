"""From an uploaded body to the columns of rows, or to the reasons why not. Pure."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sensor_wire.v1.event import MAX_BATCH_ITEMS, MAX_EVENT_BYTES, Detail, Event, Packet
from server_app.events.ranks import severity_rank
from server_app.events.words import words_in
from server_app.field_errors import field_errors

UUID_VERSION = 7
MAX_REASON = 256
NUL = "\x00"
REPLACEMENT = "\ufffd"
EMPTY = "[]"


@dataclass(frozen=True)
class Accepted:
    """An item that can be stored: the event's columns, without sensor and time of arrival.

    `time` is a moment in UTC, `uuid` a UUID; details and packets are JSON text.
    """

    uuid: UUID
    columns: dict[str, Any]


@dataclass(frozen=True)
class Rejected:
    """An item that can never be stored; `uuid` is None where it could not be read."""

    uuid: UUID | None
    reason: str


class _Sound(BaseModel):
    """A batch without a fault, as nearly all are."""

    model_config = ConfigDict(frozen=True)

    events: Annotated[list[Event], Field(max_length=MAX_BATCH_ITEMS)]


def read_sound(raw: bytes) -> list[Accepted] | None:
    """Read a whole batch in one go.

    Args:
        raw: the body.

    Returns:
        None when anything at all is wrong with it: then each item must be read by itself, to say what.
    """
    if len(raw) > MAX_EVENT_BYTES:  # one of its events could have more
        return None
    try:
        batch = _Sound.model_validate_json(raw, extra="forbid")
        return [_accepted(event) for event in batch.events]
    except (ValidationError, OverflowError):
        return None


def read_item(item: Any) -> Accepted | Rejected:
    """Check one item of a batch.

    Args:
        item: what JSON gave, of any shape.
    """
    size = len(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
    if size > MAX_EVENT_BYTES:
        return Rejected(_uuid_of(item), f"the event has {size} bytes, more than {MAX_EVENT_BYTES}")
    try:
        return _accepted(Event.parse_strict(item))
    except ValidationError as error:
        first = field_errors(error)[0]
        return Rejected(_uuid_of(item), f"{first.pointer or 'the event'}: {first.reason}"[:MAX_REASON])
    except OverflowError:
        return Rejected(_uuid_of(item), "/time: out of range")


def _accepted(event: Event) -> Accepted:
    return Accepted(event.id, _columns(event, event.time.astimezone(UTC)))


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
        "words": words_in([event.summary, *(detail.data for detail in event.details)]),
        "details": _DETAILS.dump_json(event.details).decode() if event.details else EMPTY,
        "packets": _PACKETS.dump_json(event.packets).decode() if event.packets else EMPTY,
        "truncated": event.truncated,
    }


_DETAILS = TypeAdapter(list[Detail])
_PACKETS = TypeAdapter(list[Packet])


def _address(address: IPv4Address | IPv6Address) -> str:
    # Without the scope (%eth0): it means something on the sensor only, and has no bound.
    return _text(IPv6Address(int(address)) if isinstance(address, IPv6Address) and address.scope_id else address)


@lru_cache(maxsize=4096)
def _text(address: IPv4Address | IPv6Address) -> str:
    return str(address if isinstance(address, IPv4Address) else address.ipv4_mapped or address)


def _uuid_of(item: Any) -> UUID | None:
    try:
        uuid = UUID(item["id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    return uuid if uuid.version == UUID_VERSION else None
