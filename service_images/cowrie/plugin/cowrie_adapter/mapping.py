"""Turns a line of cowrie's JSON log into an observation. Lines and ids are those of cowrie 3."""

import json
from collections.abc import Callable
from datetime import datetime

from cowrie_adapter import crowds
from cowrie_adapter.naming import protocol
from honeypot_adapter.event import Contact, Json, Observation, Payload, Severity
from honeypot_adapter.follow import Mapped

_MAX_FIELD = 512
"""Characters of a field within a detail, so that the detail's JSON is never cut in the middle."""

_BEGINS = ("cowrie.session.connect", "crowd.")
"""What opens a session; a line about a crowd names the ends in any case."""
_ENDS = {"cowrie.session.closed", "crowd.closed"}

type Observations = tuple[Observation, ...]

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
        if known is None and not entry["eventid"].startswith(_BEGINS):
            return None
        observations = self._observe(entry)
        if not observations:
            return None
        return Mapped(known or _contact(entry), observations, end=entry["eventid"] in _ENDS)

    def _observe(self, entry: Json) -> Observations:
        time = datetime.fromisoformat(entry["timestamp"]).timestamp()
        event = entry["eventid"].removeprefix("cowrie.")
        if event.startswith("session.file_"):
            return (self._file(time, entry, event.removeprefix("session.file_")),)
        observe = _OBSERVE.get(event)
        return observe(time, entry) if observe else ()

    def _file(self, time: float, entry: Json, what: str) -> Observation:
        name = str(entry.get("url") or entry.get("filename") or entry.get("destfile") or "standard input")
        facts = {"name": name[:_MAX_FIELD], "sha256": entry.get("shasum"), "what": what}
        content = self._read_head(str(entry["outfile"])) if entry.get("outfile") else None
        payload = Payload(content, None) if content is not None else None
        summary = f"File {what.replace('.', ' ')}: {name}"
        return Observation(time, "file", Severity.HIGH, "file", _compact(facts), summary, payload)


def _connect(time: float, entry: Json) -> Observations:
    text = f"{protocol(entry)} connection"
    return (Observation(time, "connection", Severity.LOW, "connection", text, text),)


def _client(time: float, entry: Json) -> Observations:
    version = str(entry["version"])
    return (Observation(time, "connection", Severity.LOW, "client", version, f"SSH client {version}"),)


def _command(time: float, entry: Json) -> Observations:
    command = str(entry["input"])
    return (Observation(time, "command", Severity.HIGH, "command", command, f"Command: {command}"),)


def _tunnel(time: float, entry: Json) -> Observations:
    target = f"{entry['dst_ip']}:{entry['dst_port']}"
    return (Observation(time, "request", Severity.HIGH, "tunnel", target, f"SSH tunnel to {target} asked for"),)


def _closed(time: float, entry: Json) -> Observations:
    text = f"after {float(entry['duration_ms']) / 1000:.1f} s"
    return (Observation(time, "closed", Severity.INFO, "closed", text, f"{protocol(entry)} session closed {text}"),)


def _variable(time: float, entry: Json) -> Observations:
    data = f"{entry['name']}={entry['value']}"
    return (Observation(time, "request", Severity.LOW, "variable", data, f"{protocol(entry)} variable {data}"),)


def _exploit(time: float, entry: Json) -> Observations:
    data = f"{entry['cve']}: {entry['name']}={entry['value']}"
    return (Observation(time, "exploit", Severity.CRITICAL, "exploit", data, f"Exploit of {data}"),)


def _malformed(time: float, entry: Json) -> Observations:
    text = f"Malformed SSH packet of type {entry['messagenum']}"
    return (Observation(time, "request", Severity.MEDIUM, "malformed", str(entry["data"]), text),)


def _login(time: float, entry: Json) -> Observations:
    accepted = entry["eventid"] == "cowrie.login.success"
    severity = Severity.HIGH if accepted else Severity.MEDIUM
    outcome = "accepted" if accepted else "refused"
    user = str(entry["username"])
    kind, secret = ("password", entry["password"]) if "password" in entry else ("key", entry.get("fingerprint", ""))
    summary = f"{protocol(entry)} login {user} / {secret} {outcome}"
    details = (("username", user), (kind, str(secret)), ("login", outcome))
    return tuple(Observation(time, "login", severity, name, data, summary) for name, data in details)


def _contact(entry: Json) -> Contact:
    return Contact(
        session=str(entry["session"]),
        protocol="tcp",
        source_ip=_plain(entry["src_ip"]),
        source_port=int(entry["src_port"]),
        destination_ip=_plain(entry["dst_ip"]),
        destination_port=int(entry["dst_port"]),
    )


def _plain(address: object) -> str:
    """Undo what a socket for both versions makes of an IPv4 address."""
    return str(address).removeprefix("::ffff:")


def _compact(facts: Json) -> str:
    return json.dumps(facts, ensure_ascii=False)


_OBSERVE: dict[str, Callable[[float, Json], Observations]] = {
    "session.connect": _connect,
    "client.version": _client,
    "client.var": _variable,
    "client.malformed_packet": _malformed,
    "telnet.exploit_attempt": _exploit,
    "login.success": _login,
    "login.failed": _login,
    "command.input": _command,
    "direct-tcpip.request": _tunnel,
    "session.closed": _closed,
    "crowd.opened": crowds.opened,
    "crowd.more": crowds.more,
    "crowd.closed": crowds.closed,
}
