"""An event as a syslog message (RFC 5424) that holds it as JSON in the Elastic Common Schema. Pure."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from sensor_wire.v1.event import EventKind, Protocol, Severity
from server_app.events.ranks import SEVERITIES
from server_app.forwarding.preferences import Facility

MOST_BYTES = 8192
"""What every receiver over TLS should take (RFC 5425). Details that do not fit stay here."""
ECS_VERSION = "8.17.0"
APP_NAME = "honeysens"
FACILITIES = {Facility.USER: 1, Facility.DAEMON: 3, Facility.AUTH: 4, Facility.AUTHPRIV: 10}
FACILITIES |= {facility: 16 + int(facility[-1]) for facility in Facility if facility.startswith("local")}
URGENCIES = {Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5, Severity.INFO: 6}
"""The severities of syslog."""
KINDS: dict[str, tuple[list[str], list[str]]] = {
    EventKind.CLOSED: (["network"], ["connection", "end"]),
    EventKind.CONNECTION: (["network"], ["connection", "start"]),
    EventKind.ICMP: (["network"], ["connection"]),
    EventKind.SCAN: (["network", "intrusion_detection"], ["info"]),
    EventKind.REQUEST: (["network"], ["access"]),
    EventKind.LOGIN: (["authentication"], ["start"]),
    EventKind.COMMAND: (["process"], ["start"]),
    EventKind.FILE: (["file"], ["creation"]),
    EventKind.EXPLOIT: (["intrusion_detection"], ["info"]),
}
"""`event.category` and `event.type` of each kind."""


class Outgoing(NamedTuple):
    """What is told of an event. `details` is JSON text, None where it is too long to be told."""

    id: int
    uuid: UUID
    time: datetime
    received_at: datetime
    service: str
    source_ip: str
    source_port: int | None
    destination_ip: str
    destination_port: int | None
    protocol: str
    kind: str
    severity: int
    summary: str
    truncated: bool
    details: str | None
    session: str | None
    sensor_id: int
    sensor: str
    division: str


class Sender(NamedTuple):
    """Who says it: the server's name, and the facility that was chosen."""

    host: str
    facility: Facility


def message_of(event: Outgoing, sender: Sender) -> bytes:
    """The message, framed by its length; not longer than `MOST_BYTES`."""
    head = header(sender, SEVERITIES[event.severity], event.time, event.kind)
    fields = _FIELDS.dump_json(ecs(event))
    if event.details is not None:
        whole = _ascii(_extended(fields, b'"details":' + event.details.encode()))
        if len(head) + len(whole) <= MOST_BYTES:
            return framed(head + whole)
    return framed(head + _ascii(_extended(fields, b'"details_omitted":true')))


def check_message(sender: Sender, now: datetime) -> bytes:
    """A message that says that messages arrive."""
    fields = {
        "@timestamp": now,
        "ecs": {"version": ECS_VERSION},
        "message": "A test of forwarding by an administrator.",
        "event": {"kind": "event", "action": "test", "module": APP_NAME},
    }
    return framed(header(sender, Severity.INFO, now, "test") + _FIELDS.dump_json(fields))


def ecs(event: Outgoing) -> dict[str, Any]:
    """The event by the names of the Elastic Common Schema; what has no place there is under `honeysens`, the last."""
    category, kinds = KINDS[event.kind]
    network = {"type": "ipv6" if ":" in event.source_ip else "ipv4"}
    if event.protocol != Protocol.OTHER:
        network["transport"] = event.protocol
    return {
        "@timestamp": event.time,
        "ecs": {"version": ECS_VERSION},
        "message": event.summary,
        "event": {
            "id": event.uuid,
            "kind": "alert",
            "category": category,
            "type": kinds,
            "action": event.kind,
            "severity": event.severity,
            "module": APP_NAME,
            "dataset": f"{APP_NAME}.{event.service}",
            "ingested": event.received_at,
            "sequence": event.id,
        },
        "source": _end(event.source_ip, event.source_port),
        "destination": _end(event.destination_ip, event.destination_port),
        "network": network,
        "service": {"name": event.service},
        "observer": {"type": "honeypot", "vendor": "HoneySens", "name": event.sensor},
        "organization": {"name": event.division},
        "honeysens": {
            "sensor": event.sensor_id,
            "session": event.session,
            "severity": SEVERITIES[event.severity],
            "truncated": event.truncated,
        },
    }


def header(sender: Sender, severity: Severity, moment: datetime, name: str) -> bytes:
    """What stands before the message's text."""
    priority = FACILITIES[sender.facility] * 8 + URGENCIES[severity]
    return f"<{priority}>1 {_moment(moment)} {sender.host} {APP_NAME} - {name} - ".encode("ascii")


def framed(message: bytes) -> bytes:
    """Octet counting: the length in front."""
    return b"%d %b" % (len(message), message)


_FIELDS = TypeAdapter(dict[str, Any])


def _extended(fields: bytes, member: bytes) -> bytes:
    # Details are JSON already: reading and writing them anew would cost as much as all the rest.
    return fields[:-2] + b"," + member + b"}}"


def _ascii(text: bytes) -> bytes:
    # In ASCII no byte order mark is needed, which few receivers take away before they read JSON.
    return text if text.isascii() else json.dumps(json.loads(text), separators=(",", ":")).encode("ascii")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _end(ip: str, port: int | None) -> dict[str, Any]:
    return {"ip": ip} if port is None else {"ip": ip, "port": port}
