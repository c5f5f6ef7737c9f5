"""Lines of the journal, and what becomes of them."""

import base64
import json
from typing import Any

import pytest
from netservices_adapter.mapping import map_line

from honeypot_adapter.event import Contact, Payload, Severity
from honeypot_adapter.follow import Mapped

CONTACT = Contact("0123456789abcdef", "tcp", "192.0.2.7", 45112, "10.10.10.2", 3306)
COMMON = {
    "session": "0123456789abcdef",
    "time": 1795221250.25,
    "service": "mysql",
    "protocol": "tcp",
    "source": ["192.0.2.7", 45112],
    "destination": ["10.10.10.2", 3306],
}


def mapped(what: str, **fields: Any) -> Mapped:
    result = map_line(json.dumps(COMMON | {"what": what} | fields).encode(), lambda _session: None)
    assert result is not None
    return result


def told(result: Mapped) -> list[tuple[str, str, str]]:
    return [(each.kind, each.detail, each.data) for each in result.observations]


def test_connection_opens_the_session_with_its_ends() -> None:
    result = mapped("connection")
    assert (result.contact, result.end) == (CONTACT, False)
    assert told(result) == [("connection", "connection", "MySQL connection")]
    assert result.observations[0].time == 1795221250.25


def test_known_session_keeps_its_ends() -> None:
    line = json.dumps(COMMON | {"what": "client", "text": "x", "source": ["192.0.2.8", 1]}).encode()
    result = map_line(line, lambda _session: CONTACT)
    assert result is not None
    assert result.contact == CONTACT


@pytest.mark.parametrize(
    ("fields", "details", "severity"),
    [
        (
            {"username": "root", "password": "toor", "accepted": False, "database": "shop"},
            [("username", "root"), ("password", "toor"), ("database", "shop"), ("login", "refused")],
            Severity.MEDIUM,
        ),
        (
            {"username": "root", "hash": "$mysqlna$aa*bb", "accepted": True},
            [("username", "root"), ("hash", "$mysqlna$aa*bb"), ("login", "accepted")],
            Severity.HIGH,
        ),
        ({"password": "", "accepted": False}, [("password", ""), ("login", "refused")], Severity.MEDIUM),
    ],
)
def test_login_keeps_all_that_was_claimed(
    fields: dict[str, Any], details: list[tuple[str, str]], severity: Severity
) -> None:
    result = mapped("login", **fields)
    assert [(each.detail, each.data) for each in result.observations] == details
    assert {(each.kind, each.severity) for each in result.observations} == {("login", severity)}


@pytest.mark.parametrize(
    ("what", "severity"),
    [("request", Severity.MEDIUM), ("command", Severity.HIGH), ("exploit", Severity.HIGH)],
)
def test_what_was_said_is_told_with_its_bytes(what: str, severity: Severity) -> None:
    result = mapped(what, text="SET a \\xff", payload=base64.b64encode(b"SET a \xff").decode())
    (only,) = result.observations
    assert (only.kind, only.severity, only.data) == (what, severity, "SET a \\xff")
    assert only.payload == Payload(b"SET a \xff", 3306)


def test_what_no_protocol_understands_is_a_request_with_its_payload() -> None:
    result = mapped("payload", payload=base64.b64encode(b"GET / HTTP/1.0\r\n\r\n\xfe").decode())
    assert told(result) == [("request", "payload", "GET / HTTP/1.0\r\n\r\n\\xfe")]
    assert result.observations[0].payload == Payload(b"GET / HTTP/1.0\r\n\r\n\xfe", 3306)


def test_crowd_is_counted_and_its_visitors_are_named() -> None:
    assert "too many" in told(mapped("connection", crowd=True))[0][2]
    assert told(mapped("repeated", count=900)) == [("connection", "repeated", "900 more")]
    login = mapped("login", username="a", password="b", accepted=False, visitor="192.0.2.9 port 5")
    assert told(login)[0] == ("connection", "visitor", "192.0.2.9 port 5")
    end = mapped("closed", visits=1000)
    assert (end.end, told(end)) == (True, [("closed", "closed", "after 1000 connections")])


def test_file_and_end() -> None:
    payload = base64.b64encode(b"MZ").decode()
    result = mapped("file", name="a.exe", did="written", bytes=2, sha256="ab", payload=payload)
    assert json.loads(result.observations[0].data) == {"name": "a.exe", "sha256": "ab", "bytes": 2, "what": "written"}
    assert result.observations[0].payload == Payload(b"MZ", 3306)
    end = mapped("closed", seconds=2.51)
    assert (end.end, told(end)) == (True, [("closed", "closed", "after 2.5 s")])


def test_lost_lines_are_told() -> None:
    assert told(mapped("client", text="x", lost=3))[-1][1:] == (
        "omitted",
        "3 entries before this one, for want of room",
    )


def test_datagrams_that_came_too_fast_are_told() -> None:
    assert told(mapped("missed", count=41)) == [
        ("connection", "omitted", "41 datagrams from whomever, because they came too fast")
    ]


def test_strange_lines_are_refused() -> None:
    for line in (b"{}", b"[]", b"x", json.dumps(COMMON | {"what": "dance"}).encode()):
        with pytest.raises((ValueError, KeyError, TypeError)):
            map_line(line, lambda _session: None)
