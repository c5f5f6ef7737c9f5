"""Valid data with as little to say as possible."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from sensor_manager.model import Site
from sensor_wire.v1.desired import Desired, DesiredService
from sensor_wire.v1.event import Endpoint, Event, EventKind, Protocol, Severity

SITE = Site(
    registry="198.51.100.1:8443",
    interface="eth0",
    pool=IPv4Network("10.10.10.0/24"),
    pool6=IPv6Network("fd68:6f6e:6579::/48"),
)


def uuid7(number: int | None = None) -> uuid.UUID:
    """Make a UUIDv7; from a number the same one each time."""
    milliseconds = time.time_ns() // 1_000_000 if number is None else 1_700_000_000_000
    rest = uuid.uuid4().int if number is None else number
    value = (milliseconds << 80) | (rest & ((1 << 76) - 1))
    return uuid.UUID(int=(value & ~(0xF << 76) & ~(0x3 << 62)) | (0x7 << 76) | (0x2 << 62))


def event(number: int | None = None, *, severity: Severity = Severity.INFO, **changes: Any) -> Event:
    """Make an event of the service cowrie."""
    fields: dict[str, Any] = {
        "id": uuid7(number),
        "time": datetime.now(UTC),
        "source": Endpoint(ip="192.0.2.7", port=40000),
        "destination": Endpoint(ip="10.10.10.2", port=2222),
        "protocol": Protocol.TCP,
        "kind": EventKind.CONNECTION,
        "severity": severity,
        "session": "s1",
        "summary": "somebody came",
        "service": "cowrie",
    }
    return Event(**(fields | changes))


def service(name: str, digit: str = "a", **changes: Any) -> DesiredService:
    """Make a desired service whose digest consists of one digit."""
    fields: dict[str, Any] = {
        "name": name,
        "revision": "1.0.0",
        "repository": f"honeysens/{name}",
        "digest": f"sha256:{digit * 64}",
    }
    return DesiredService(**(fields | changes))


def desired(*services: DesiredService, generation: int = 1, ca_chain: str = "chain") -> Desired:
    """Make a desired state with these services."""
    return Desired(generation=generation, poll_interval=1, ca_chain=ca_chain, services=list(services))


PATIENCE = 300
"""Seconds to wait for what must happen; what a machine with much to do never reaches."""


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Wait until the condition holds and return its value; fail with what was waited for otherwise."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.02)
    return value
