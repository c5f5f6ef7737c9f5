"""Events as honeypots report them."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def uuid7() -> str:
    """A new UUID of version 7; its time does not matter here."""
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(raw)))


def event(seconds: float = 0, **others: Any) -> dict[str, Any]:
    """An event so many seconds after the start."""
    return {
        "id": uuid7(),
        "service": "cowrie",
        "time": (START + timedelta(seconds=seconds)).isoformat(),
        "source": {"ip": "198.51.100.7", "port": 50522},
        "destination": {"ip": "192.0.2.10", "port": 22},
        "protocol": "tcp",
        "kind": "connection",
        "severity": "low",
        "session": "cowrie-1",
        "summary": "SSH connection",
    } | others
