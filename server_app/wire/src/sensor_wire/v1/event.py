"""Events, their upload in batches, and the answer for each of them.

Events are immutable. Those of one contact carry the same `session`: the first one is sent at once, what follows in
bundles. Field names map one-to-one to the Elastic Common Schema.
"""

from contextlib import suppress
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any

from pydantic import Field, IPvAnyAddress, StringConstraints, ValidatorFunctionWrapHandler, WrapValidator

from sensor_wire.base import LongText, PortNumber, ServiceName, ShortText, Timestamp, UuidV7, WireModel

MAX_BATCH_ITEMS = 200
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_EVENT_BYTES = 256 * 1024
LONGEST_ADDRESS = 45


class Protocol(StrEnum):
    """Transport of the contact."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    OTHER = "other"


class EventKind(StrEnum):
    """What happened, the same across all honeypots."""

    CONNECTION = "connection"
    SCAN = "scan"
    ICMP = "icmp"
    LOGIN = "login"
    COMMAND = "command"
    REQUEST = "request"
    FILE = "file"
    EXPLOIT = "exploit"
    CLOSED = "closed"


class Severity(StrEnum):
    """How much it matters, from a mere contact to a taken-over honeypot."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@lru_cache(maxsize=4096)
def _read(text: str) -> IPv4Address | IPv6Address:
    return ip_address(text)


def _known(value: Any, otherwise: ValidatorFunctionWrapHandler) -> Any:
    """Addresses come again and again, and reading one takes as long as half of the rest of an event."""
    if isinstance(value, str) and len(value) <= LONGEST_ADDRESS:
        with suppress(ValueError):
            return _read(value)
    return otherwise(value)


class Endpoint(WireModel):
    """One end of a contact; ICMP has no ports."""

    ip: Annotated[IPvAnyAddress, WrapValidator(_known)]
    port: PortNumber | None = None


class Detail(WireModel):
    """One thing that happened within the event: a login attempt, a command, a port touched."""

    time: Timestamp
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,31}$")]
    data: LongText


class Packet(WireModel):
    """Bytes as they came from the attacker, base64 so that binary content survives."""

    time: Timestamp
    protocol: Protocol
    port: PortNumber | None = None
    payload: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$", max_length=5464)] = ""


class EventBody(WireModel):
    """An event without the name of its service, which is known from where it came from.

    `id` is made where the event happens; sending it again is harmless. `destination` is what the attacker addressed.
    `truncated` says that details or payloads were cut to the bounds.
    """

    id: UuidV7
    time: Timestamp
    source: Endpoint
    destination: Endpoint
    protocol: Protocol
    kind: EventKind
    severity: Severity
    session: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
    summary: ShortText
    details: Annotated[list[Detail], Field(max_length=512)] = Field(default_factory=list)
    packets: Annotated[list[Packet], Field(max_length=64)] = Field(default_factory=list)
    truncated: bool = False


class Event(EventBody):
    """An event as it is spooled, uploaded and stored."""

    service: ServiceName


class ItemStatus(StrEnum):
    """What became of one uploaded event. `rejected` is final: the sensor sets the event aside."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class ItemResult(WireModel):
    """The answer for one item of a batch, by its position; `id` is null where it could not be read."""

    index: Annotated[int, Field(ge=0, lt=MAX_BATCH_ITEMS)]
    id: UuidV7 | None
    status: ItemStatus
    reason: ShortText | None = None


class BatchResult(WireModel):
    """The answer to `POST /api/events` (body: `{"events": [...]}`): one result for each item sent, in their order."""

    results: Annotated[list[ItemResult], Field(max_length=MAX_BATCH_ITEMS)]
