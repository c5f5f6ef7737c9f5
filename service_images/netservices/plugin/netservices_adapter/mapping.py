"""Turns a line of the journal into observations."""

import base64
import json
from collections.abc import Callable
from typing import NamedTuple

from honeypot_adapter.event import Contact, Json, Observation, Payload, Severity
from honeypot_adapter.follow import Mapped
from honeypot_adapter.text import printable

_NAMES = {
    "ftp": "FTP",
    "imap": "IMAP",
    "mssql": "SQL Server",
    "mysql": "MySQL",
    "pop3": "POP3",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "sip": "SIP",
    "smb": "SMB",
    "smtp": "SMTP",
    "vnc": "VNC",
}
_SUMMARY_PAYLOAD = 80
_FACTS = (
    *("domain", "database", "workstation", "client_host", "program", "library", "sender", "recipients"),
    *("caller", "number"),
)
"""What is told besides, each a detail of its own."""


class _Line(NamedTuple):
    """A line of the journal; `name` is the service as people call it."""

    time: float
    name: str
    entry: Json
    payload: Payload | None


def map_line(line: bytes, open_contact: Callable[[str], Contact | None]) -> Mapped | None:
    """Map a line.

    Raises:
        ValueError, KeyError, TypeError: the line is not one of the journal's.
    """
    entry: Json = json.loads(line)
    contact = open_contact(str(entry["session"])) or _contact(entry)
    data = base64.b64decode(entry["payload"]) if entry.get("payload") else None
    payload = Payload(data, contact.destination_port) if data is not None else None
    parts = _Line(float(entry["time"]), _NAMES.get(entry["service"], str(entry["service"])), entry, payload)
    observations = _OBSERVE[entry["what"]](parts)
    if entry.get("visitor"):
        who = str(entry["visitor"])
        observations = (_observe(parts, "connection", Severity.LOW, "visitor", who, f"From {who}"), *observations)
    if entry.get("lost"):
        text = f"{entry['lost']} entries before this one, for want of room"
        observations += (_observe(parts, "connection", Severity.LOW, "omitted", text, text),)
    return Mapped(contact, observations, end=entry["what"] == "closed")


def _observe(  # noqa: PLR0913, PLR0917 - an observation has that many
    line: _Line, kind: str, severity: Severity, detail: str, data: str, summary: str, payload: Payload | None = None
) -> Observation:
    return Observation(line.time, kind, severity, detail, data, summary, payload)


def _connection(line: _Line) -> tuple[Observation, ...]:
    text = f"{line.name} connection"
    if line.entry.get("crowd"):
        text = f"{line.name} connections, too many to tell each of them"
    return (_observe(line, "connection", Severity.LOW, "connection", text, text),)


def _repeated(line: _Line) -> tuple[Observation, ...]:
    text = f"{int(line.entry['count'])} more"
    return (_observe(line, "connection", Severity.LOW, "repeated", text, f"{line.name} connections: {text}"),)


def _missed(line: _Line) -> tuple[Observation, ...]:
    text = f"{int(line.entry['count'])} datagrams from whomever, because they came too fast"
    return (_observe(line, "connection", Severity.LOW, "omitted", text, f"{line.name}: left out {text}"),)


def _closed(line: _Line) -> tuple[Observation, ...]:
    visits = line.entry.get("visits")
    text = f"after {int(visits)} connections" if visits is not None else f"after {float(line.entry['seconds']):.1f} s"
    return (_observe(line, "closed", Severity.INFO, "closed", text, f"{line.name} session closed {text}"),)


def _client(line: _Line) -> tuple[Observation, ...]:
    text = str(line.entry["text"])
    return (_observe(line, "connection", Severity.LOW, "client", text, f"{line.name} client {text}"),)


def _login(line: _Line) -> tuple[Observation, ...]:
    entry = line.entry
    accepted = bool(entry["accepted"])
    severity, outcome = (Severity.HIGH, "accepted") if accepted else (Severity.MEDIUM, "refused")
    secrets = [(name, str(entry[name])) for name in ("password", "hash") if entry.get(name) is not None]
    shown = next((value if name == "password" else "(hash)" for name, value in secrets), "(nothing)")
    user = entry.get("username")
    summary = f"{line.name} login {user if user is not None else ''} / {shown} {outcome}"
    details = [("username", str(user))] if user is not None else []
    details += [*secrets, *_facts(entry), ("login", outcome)]
    return tuple(_observe(line, "login", severity, name, value, summary) for name, value in details)


def _said(kind: str, severity: Severity, label: str) -> Callable[[_Line], tuple[Observation, ...]]:
    def observe(line: _Line) -> tuple[Observation, ...]:
        text = str(line.entry["text"])
        summary = f"{line.name} {label}: {text}"
        said = _observe(line, kind, severity, kind, text, summary, line.payload)
        return (said, *(_observe(line, kind, severity, name, value, summary) for name, value in _facts(line.entry)))

    return observe


def _payload(line: _Line) -> tuple[Observation, ...]:
    data = line.payload.data if line.payload else b""
    text = printable(data)
    summary = f"{line.name}: {len(data)} bytes that are not {line.name}: {text[:_SUMMARY_PAYLOAD]}"
    return (_observe(line, "request", Severity.MEDIUM, "payload", text, summary, line.payload),)


def _file(line: _Line) -> tuple[Observation, ...]:
    entry = line.entry
    facts = {
        "name": str(entry["name"]),
        "sha256": entry.get("sha256"),
        "bytes": entry.get("bytes"),
        "what": entry["did"],
    }
    summary = f"{line.name} file {entry['did']}: {entry['name']}"
    file = _observe(line, "file", Severity.HIGH, "file", json.dumps(facts, ensure_ascii=False), summary, line.payload)
    return (file, *(_observe(line, "file", Severity.HIGH, name, value, summary) for name, value in _facts(entry)))


def _facts(entry: Json) -> list[tuple[str, str]]:
    return [(name, str(entry[name])) for name in _FACTS if entry.get(name)]


def _contact(entry: Json) -> Contact:
    (source_ip, source_port), (destination_ip, destination_port) = entry["source"], entry["destination"]
    session, protocol = str(entry["session"]), str(entry["protocol"])
    return Contact(session, protocol, source_ip, int(source_port), destination_ip, int(destination_port))


_OBSERVE: dict[str, Callable[[_Line], tuple[Observation, ...]]] = {
    "connection": _connection,
    "repeated": _repeated,
    "missed": _missed,
    "closed": _closed,
    "client": _client,
    "login": _login,
    "request": _said("request", Severity.MEDIUM, "request"),
    "command": _said("command", Severity.HIGH, "command"),
    "exploit": _said("exploit", Severity.HIGH, "attempt to take it over"),
    "payload": _payload,
    "file": _file,
}
