"""Turns a line of the server's journal into observations."""

import base64
import json
from collections.abc import Callable

from honeypot_adapter.event import Contact, Json, Observation, Payload, Severity
from honeypot_adapter.follow import Mapped

type Observations = tuple[Observation, ...]


def mapped(line: bytes, open_contact: Callable[[str], Contact | None]) -> Mapped | None:
    """Map a line; None where its session is not known, because its beginning was lost.

    Raises:
        ValueError, KeyError, TypeError: the line is not one of the server's.
    """
    entry: Json = json.loads(line)
    session, event = str(entry["session"]), str(entry["event"])
    known = open_contact(session)
    if known is None and event != "connect":
        return None
    return Mapped(known or _contact(entry), _OBSERVE[event](float(entry["time"]), entry), end=event == "closed")


def _connect(time: float, _entry: Json) -> Observations:
    return (Observation(time, "connection", Severity.LOW, "connection", "RDP connection", "RDP connection"),)


def _request(time: float, entry: Json) -> Observations:
    told = [Observation(time, "connection", Severity.LOW, "protocols", str(entry["protocols"]), "RDP connection")]
    if entry["cookie"] is not None:
        cookie = str(entry["cookie"])
        told.append(Observation(time, "request", Severity.LOW, "cookie", cookie, f"RDP request for the user {cookie}"))
    return tuple(told)


def _hash(time: float, entry: Json) -> Observations:
    return _login(time, entry, "hash", str(entry["hashcat"]), "with a NetNTLM hash")


def _password(time: float, entry: Json) -> Observations:
    return _login(time, entry, "password", str(entry["password"]), f"/ {entry['password']}")


def _login(time: float, entry: Json, kind: str, secret: str, shown: str) -> Observations:
    user = str(entry["username"])
    facts = [("username", user), ("domain", entry["domain"]), (kind, secret), ("login", "refused")]
    facts += [("client", entry["workstation"]), ("client.version", entry["version"])]
    facts += [("client.keyboard", entry.get("keyboard"))]
    whole = f"{entry['domain']}\\{user}" if entry["domain"] else user
    summary = f"RDP login {whole} {shown} refused"
    needed = {"username", kind}
    return tuple(
        Observation(time, "login", Severity.MEDIUM, name, str(data), summary)
        for name, data in facts
        if data or name in needed
    )


def _strange(time: float, entry: Json) -> Observations:
    data = base64.b64decode(entry["payload"])
    text = f"not RDP: {entry['reason']}"
    return (Observation(time, "request", Severity.LOW, "payload", text, text, Payload(data, None)),)


def _closed(time: float, entry: Json) -> Observations:
    text = str(entry["reason"]) or "by the client or after the refusal"
    return (Observation(time, "closed", Severity.INFO, "closed", text, "RDP session closed"),)


def _contact(entry: Json) -> Contact:
    return Contact(
        session=str(entry["session"]),
        protocol="tcp",
        source_ip=_plain(entry["source"]),
        source_port=int(entry["source_port"]),
        destination_ip=_plain(entry["destination"]),
        destination_port=int(entry["destination_port"]),
    )


def _plain(address: object) -> str:
    """Undo what a socket for both versions makes of an IPv4 address."""
    return str(address).removeprefix("::ffff:")


_OBSERVE: dict[str, Callable[[float, Json], Observations]] = {
    "connect": _connect,
    "request": _request,
    "hash": _hash,
    "password": _password,
    "strange": _strange,
    "closed": _closed,
}
