"""The vocabulary of events as the contract has it, and what an adapter says about an attack."""

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, NamedTuple

MAX_TEXT = 4096
MAX_SUMMARY = 256
MAX_PAYLOAD = 4096
MAX_DETAILS = 512
MAX_PACKETS = 64
MAX_BODY_BYTES = 192 * 1024
"""Bound of one event's details and packets; leaves room for the rest within the contract's 256 KiB."""

type Json = dict[str, Any]


class Severity(IntEnum):
    """How much an observation matters."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


KINDS = ("closed", "icmp", "connection", "scan", "request", "login", "command", "file", "exploit")
"""Kinds of events, from the one that says least to the one that says most."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Who came to whom. Ports are None where the protocol has none (or the attacker wrote 0).

    `destination` is the container's own address and port; the sensor replaces it by what the attacker addressed.
    """

    session: str
    protocol: str
    source_ip: str
    source_port: int | None
    destination_ip: str
    destination_port: int | None

    def as_json(self) -> Json:
        """Give the fields as a JSON object, for `Contact(**json)`."""
        return asdict(self)


class Payload(NamedTuple):
    """Bytes of the attacker, the container's port they came to, and their protocol (None: that of the session)."""

    data: bytes
    port: int | None
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that happened within a session.

    `time` is in seconds since the epoch; `kind` one of `KINDS`; `detail` names the entry in the event's details and
    `data` is its text; `summary` is the line a person reads when nothing in the bundle says more.
    """

    time: float
    kind: str
    severity: Severity
    detail: str
    data: str
    summary: str
    payload: Payload | None = None


def timestamp(time: float) -> str:
    """Write seconds since the epoch as RFC 3339 in UTC."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def endpoint(ip: str, port: int | None) -> Json:
    """Give one end of a contact as the contract has it."""
    return {"ip": ip, "port": port or None}


def tell_omitted(event: Json, text: str) -> None:
    """Add to a finished event what was left out before it."""
    details = event["details"]
    if len(details) >= MAX_DETAILS:  # its last one tells what its own bundle has left out
        text = f"{details.pop()['data']}; {text}"
    details.append({"time": timestamp(time.time()), "kind": "omitted", "data": text})
    event["truncated"] = True
