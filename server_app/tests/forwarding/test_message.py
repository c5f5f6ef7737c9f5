"""From an event to a syslog message, as tables."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from sensor_wire.v1.event import EventKind, Severity
from server_app.events.ranks import severity_rank
from server_app.forwarding.message import (
    FACILITIES,
    KINDS,
    MOST_BYTES,
    URGENCIES,
    Outgoing,
    Sender,
    check_message,
    ecs,
    message_of,
)
from server_app.forwarding.preferences import Facility

MOMENT = datetime(2026, 11, 21, 8, 0, 0, 5, tzinfo=UTC)
SENDER = Sender("server.example.com", Facility.LOCAL0)
EVENT = Outgoing(
    id=7,
    uuid=UUID("019370a0-4c00-7abc-8def-0123456789ab"),
    time=MOMENT,
    received_at=MOMENT.replace(second=2),
    service="cowrie",
    source_ip="198.51.100.7",
    source_port=50522,
    destination_ip="192.0.2.10",
    destination_port=22,
    protocol="tcp",
    kind="login",
    severity=severity_rank(Severity.MEDIUM),
    summary="SSH login as root",
    truncated=False,
    details='[{"time":"2026-11-21T08:00:00Z","kind":"login","data":"root:123456"}]',
    session="cowrie-1",
    sensor_id=3,
    sensor="cellar-1",
    division="Berlin",
)
RFC_5424 = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?P<host>[!-~]{1,255}) "
    rb"(?P<app>[!-~]{1,48}) - (?P<msgid>[!-~]{1,32}) - (?P<text>\{[ -~]*\})"
)


def parts(framed: bytes) -> dict[str, Any]:
    length, _, message = framed.partition(b" ")
    assert int(length) == len(message)
    found = RFC_5424.fullmatch(message)
    assert found, message
    return found.groupdict() | {"text": json.loads(found["text"])}


def test_a_message_has_the_events_time_and_name_and_is_framed_by_its_length() -> None:
    found = parts(message_of(EVENT, SENDER))
    details = found.pop("text")["honeysens"]["details"]
    assert details == [{"time": "2026-11-21T08:00:00Z", "kind": "login", "data": "root:123456"}]
    assert found == {
        "pri": b"132",  # 16 * 8 + 4
        "time": b"2026-11-21T08:00:00.000005Z",
        "host": b"server.example.com",
        "app": b"honeysens",
        "msgid": b"login",
    }


def test_fields_have_the_names_of_the_elastic_common_schema() -> None:
    assert parts(message_of(EVENT._replace(details=None), SENDER))["text"] == {
        "@timestamp": "2026-11-21T08:00:00.000005Z",
        "ecs": {"version": "8.17.0"},
        "message": "SSH login as root",
        "event": {
            "id": "019370a0-4c00-7abc-8def-0123456789ab",
            "kind": "alert",
            "category": ["authentication"],
            "type": ["start"],
            "action": "login",
            "severity": 2,
            "module": "honeysens",
            "dataset": "honeysens.cowrie",
            "ingested": "2026-11-21T08:00:02.000005Z",
            "sequence": 7,
        },
        "source": {"ip": "198.51.100.7", "port": 50522},
        "destination": {"ip": "192.0.2.10", "port": 22},
        "network": {"type": "ipv4", "transport": "tcp"},
        "service": {"name": "cowrie"},
        "observer": {"type": "honeypot", "vendor": "HoneySens", "name": "cellar-1"},
        "organization": {"name": "Berlin"},
        "honeysens": {
            "sensor": 3,
            "session": "cowrie-1",
            "severity": "medium",
            "truncated": False,
            "details_omitted": True,
        },
    }


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"source_port": None}, "source", {"ip": "198.51.100.7"}),
        ({"destination_port": None}, "destination", {"ip": "192.0.2.10"}),
        ({"source_ip": "2001:db8::7"}, "network", {"type": "ipv6", "transport": "tcp"}),
        ({"protocol": "other"}, "network", {"type": "ipv4"}),
    ],
)
def test_what_an_event_does_not_have_is_left_out(change: dict[str, Any], field: str, expected: Any) -> None:
    assert ecs(EVENT._replace(**change))[field] == expected


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("facility", Facility)
def test_the_priority_is_of_the_facility_and_the_severity(facility: Facility, severity: Severity) -> None:
    event = EVENT._replace(severity=severity_rank(severity))
    found = parts(message_of(event, Sender("server", facility)))
    assert divmod(int(found["pri"]), 8) == (FACILITIES[facility], URGENCIES[severity])


def test_every_kind_has_its_category_and_every_facility_and_severity_its_number() -> None:
    assert set(KINDS) == set(EventKind)
    assert set(FACILITIES) == set(Facility)
    assert sorted(FACILITIES.values()) == [1, 3, 4, 10, *range(16, 24)]
    assert [URGENCIES[severity] for severity in Severity] == [6, 5, 4, 3, 2]


@pytest.mark.parametrize("details", [None, '[{"data":"' + "x" * MOST_BYTES + '"}]', '["' + "\u00e9" * 2000 + '"]'])
def test_details_that_do_not_fit_are_left_out_and_that_is_said(details: str | None) -> None:
    framed = message_of(EVENT._replace(details=details), SENDER)
    own = parts(framed)["text"]["honeysens"]
    assert own["details_omitted"] is True
    assert "details" not in own


def test_as_much_as_a_receiver_takes_is_told() -> None:
    longest = 0
    for size in range(7200, 7500):
        framed = message_of(EVENT._replace(details=json.dumps(["x" * size])), SENDER)
        found = parts(framed)
        longest = max(longest, len(framed.partition(b" ")[2]))
        assert ("details" in found["text"]["honeysens"]) != ("details_omitted" in found["text"]["honeysens"])
    assert longest == MOST_BYTES


@pytest.mark.parametrize("summary", ["\n<13>1 forged", "caf\u00e9 \U0001f36f", "\u2028\x7f\x1b[0m", '"}'])
def test_no_text_of_an_attacker_breaks_out_of_its_message(summary: str) -> None:
    framed = message_of(EVENT._replace(summary=summary, details=json.dumps([summary])), SENDER)
    found = parts(framed)["text"]
    assert (found["message"], found["honeysens"]["details"]) == (summary, [summary])


def test_even_the_largest_event_fits_without_its_details() -> None:
    """Bounds as the contract and the forms have them; each character as JSON's longest escape."""
    wild = "\U0001f36f"
    event = EVENT._replace(
        id=2**63 - 1, sensor_id=2**63 - 1, service="s" * 32, source_ip="2001:db8:" + "ffff:" * 5 + "ffff",
        destination_ip="f" * 45, summary=wild * 256, session="s" * 64, sensor=wild * 50, division=wild * 50,
        details=None
    )  # fmt: skip
    assert len(message_of(event, Sender("h" * 253, Facility.LOCAL7))) < MOST_BYTES


def test_the_test_message_is_a_message_too() -> None:
    found = parts(check_message(SENDER, MOMENT))
    assert found["text"]["event"]["action"] == "test"
    assert (found["pri"], found["msgid"]) == (b"134", b"test")
