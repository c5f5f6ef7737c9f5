"""Turns a line of cowrie's JSON log into an observation. Lines and ids are those of cowrie 3."""

import json
from collections.abc import Callable
from datetime import datetime

from honeypot_adapter.event import Contact, Json, Observation, Payload, Severity
from honeypot_adapter.follow import Mapped

_MAX_FIELD = 512
"""Characters of a field within a detail, so that the detail's JSON is never cut in the middle."""

type ReadHead = Callable[[str], bytes | None]
"""Gives the beginning of a file that cowrie has saved, by the path in its log."""


class CowrieMapping:
    """One of cowrie's sessions is one session; its ends are those of its `session.connect`."""

    def __init__(self, read_head: ReadHead) -> None:
        self._read_head = read_head

    def __call__(self, line: bytes, open_contact: Callable[[str], Contact | None]) -> Mapped | None:
        """Map a line; None for what cowrie says beyond the attack.

        Raises:
            ValueError, KeyError, TypeError: the line is not one of cowrie's.
        """
        entry: Json = json.loads(line)
        session = str(entry["session"])
        known = open_contact(session)
        if known is None and entry["eventid"] != "cowrie.session.connect":
            return None
        observation = self._observe(entry)
        if observation is None:
            return None
        return Mapped(known or _contact(entry), observation, end=entry["eventid"] == "cowrie.session.closed")

    def _observe(self, entry: Json) -> Observation | None:
        time = datetime.fromisoformat(entry["timestamp"]).timestamp()
        event = entry["eventid"].removeprefix("cowrie.")
        if event.startswith("session.file_"):
            return self._file(time, entry, event.removeprefix("session.file_"))
        observe = _OBSERVE.get(event)
        return observe(time, entry) if observe else None

    def _file(self, time: float, entry: Json, what: str) -> Observation:
        name = str(entry.get("url") or entry.get("filename") or entry.get("destfile") or "standard input")
        facts = {"name": name[:_MAX_FIELD], "sha256": entry.get("shasum"), "what": what}
        content = self._read_head(str(entry["outfile"])) if entry.get("outfile") else None
        payload = Payload(content, None) if content is not None else None
        summary = f"File {what.replace('.', ' ')}: {name}"
        return Observation(time, "file", Severity.HIGH, "file", _compact(facts), summary, payload)


def _connect(time: float, _entry: Json) -> Observation:
    return Observation(time, "connection", Severity.LOW, "connection", "SSH connection", "SSH connection")


def _client(time: float, entry: Json) -> Observation:
    version = str(entry["version"])
    return Observation(time, "connection", Severity.LOW, "client", version, f"SSH client {version}")


def _command(time: float, entry: Json) -> Observation:
    command = str(entry["input"])
    return Observation(time, "command", Severity.HIGH, "command", command, f"Command: {command}")


def _tunnel(time: float, entry: Json) -> Observation:
    target = f"{entry['dst_ip']}:{entry['dst_port']}"
    return Observation(time, "request", Severity.HIGH, "tunnel", target, f"SSH tunnel to {target} asked for")


def _closed(time: float, entry: Json) -> Observation:
    text = f"after {float(entry['duration_ms']) / 1000:.1f} s"
    return Observation(time, "closed", Severity.INFO, "closed", text, f"SSH session closed {text}")


def _login(time: float, entry: Json) -> Observation:
    succeeded = entry["eventid"] == "cowrie.login.success"
    user = str(entry["username"])[:_MAX_FIELD]
    secret = str(entry.get("password", entry.get("fingerprint", "")))[:_MAX_FIELD]
    attempt: Json = {"user": user, "password" if "password" in entry else "key": secret, "accepted": succeeded}
    outcome = "accepted" if succeeded else "refused"
    return Observation(
        time,
        "login",
        Severity.HIGH if succeeded else Severity.MEDIUM,
        "login",
        _compact(attempt),
        f"SSH login {user} / {secret} {outcome}",
    )


def _contact(entry: Json) -> Contact:
    return Contact(
        session=str(entry["session"]),
        protocol="tcp",
        source_ip=str(entry["src_ip"]),
        source_port=int(entry["src_port"]),
        destination_ip=str(entry["dst_ip"]),
        destination_port=int(entry["dst_port"]),
    )


def _compact(facts: Json) -> str:
    return json.dumps(facts, ensure_ascii=False)


_OBSERVE: dict[str, Callable[[float, Json], Observation]] = {
    "session.connect": _connect,
    "client.version": _client,
    "login.success": _login,
    "login.failed": _login,
    "command.input": _command,
    "direct-tcpip.request": _tunnel,
    "session.closed": _closed,
}
