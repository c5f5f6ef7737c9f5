"""Visits become sessions: all told, floods counted, bundles within the contract's bounds."""

import re
from typing import Any

from web_honeypot.recorder import ENTRIES, IDLE, MAX_VISITS, PATH_LIST, Recorder
from web_honeypot.visits import Ends, Moment

from honeypot_adapter.event import Observation, Payload, Severity
from sensor_wire.v1.event import EventBody


def ends(source: str = "192.0.2.7", port: int = 8080) -> Ends:
    return Ends(source, 40000, "10.0.0.2", port)


def at(seconds: float) -> Moment:
    return Moment(seconds, 1_800_000_000 + seconds)


def request(text: str, severity: Severity = Severity.LOW, payload: bytes | None = None) -> Observation:
    kind = "request" if severity <= Severity.MEDIUM else "exploit"
    return Observation(1_800_000_000.0, kind, severity, kind, text, text, Payload(payload, None) if payload else None)


def details(events: list[Any], kind: str) -> list[str]:
    return [detail["data"] for event in events for detail in event["details"] if detail["kind"] == kind]


def test_first_connection_is_told_at_once_and_the_rest_in_a_bundle() -> None:
    recorder = Recorder()
    (first,) = recorder.connected(ends(), at(0))
    assert (first["kind"], first["severity"]) == ("connection", "low")
    assert (first["source"], first["destination"]["port"]) == ({"ip": "192.0.2.7", "port": 40000}, 8080)
    assert recorder.told(ends(), [request("GET /a")], at(1)) == []
    assert recorder.tick(at(20)) == []
    (bundle,) = recorder.tick(at(31.5))
    assert details([bundle], "request") == ["GET /a"]
    assert bundle["session"] == first["session"]


def test_rising_severity_does_not_wait() -> None:
    recorder = Recorder()
    recorder.connected(ends(), at(0))
    (event,) = recorder.told(ends(), [request("GET /x;id", Severity.CRITICAL)], at(1))
    assert event["severity"] == "critical"


def test_visit_ends_when_it_is_idle_and_nothing_is_open() -> None:
    recorder = Recorder()
    recorder.connected(ends(), at(0))
    assert details(recorder.tick(at(IDLE + 1)), "closed") == []
    recorder.closed(ends(), at(IDLE + 2))
    assert details(recorder.tick(at(2 * IDLE + 3)), "closed") == ["after 62.0 s, 1 connections, 0 requests"]
    (again,) = recorder.connected(ends(), at(200))
    assert again["kind"] == "connection"


def test_each_port_and_source_is_a_session_of_its_own() -> None:
    recorder = Recorder()
    events = [
        recorder.connected(ends(source, port), at(0))[0] for source in ("192.0.2.7", "fe80::1") for port in (8080, 8443)
    ]
    assert len({event["session"] for event in events}) == 4
    assert [EventBody.parse_strict(event).session for event in events] == [event["session"] for event in events]


def test_flood_is_told_to_the_last_request_within_the_bounds_of_events() -> None:
    recorder = Recorder()
    events = recorder.connected(ends(), at(0))
    for number in range(10_000):
        second = number / 170
        events += recorder.told(ends(), [request(f"GET /{number % 7}")], at(second))
        events += recorder.tick(at(second)) if not number % 50 else []
    events += recorder.finish(at(60))
    counted = sum(int(text.split()[0]) for text in details(events, "repeated"))
    assert len(details(events, "request")) + counted == 10_000
    assert ENTRIES <= len(details(events, "request")) < 5 * ENTRIES
    assert len(events) < 50
    assert not any(event["truncated"] for event in events)
    assert all(EventBody.parse_strict(event) for event in events)


def test_attacks_in_a_flood_stay_entries_of_their_own() -> None:
    recorder = Recorder()
    events = recorder.connected(ends(), at(0))
    for number in range(ENTRIES + 500):
        events += recorder.told(ends(), [request("GET /")], at(1))
        if not number % 100:
            events += recorder.told(ends(), [request(f"GET /?{number}=;id", Severity.CRITICAL)], at(1))
    events += recorder.finish(at(2))
    assert len(details(events, "exploit")) == 15


def test_large_payloads_are_not_left_out() -> None:
    recorder = Recorder()
    events = recorder.connected(ends(), at(0))
    for number in range(300):
        events += recorder.told(ends(), [request(f"POST /{number}", payload=b"x" * 4096)], at(1))
    events += recorder.finish(at(2))
    assert sum(len(event["packets"]) for event in events) == 300
    assert details(events, "omitted") == []


def test_more_sources_than_are_kept_apart_are_counted() -> None:
    recorder = Recorder()
    events = []
    for number in range(MAX_VISITS + 100):
        visitor = ends(f"10.1.{number // 250}.{number % 250}")
        events += recorder.connected(visitor, at(0))
        events += recorder.told(visitor, [request("GET /")], at(0))
    events += recorder.finish(at(1))
    assert len({event["session"] for event in events}) == MAX_VISITS + 1
    assert details(events, "repeated") == ["100 more: GET /"]
    assert any(re.match(r"more than \d+ sources", text) for text in details(events, "connection"))


def test_search_by_a_list_is_told_once() -> None:
    recorder = Recorder()
    recorder.connected(ends(), at(0))
    events = [event for number in range(3 * PATH_LIST) for event in recorder.missed(ends(), f"/{number}", at(1))]
    assert details(events, "scanner") == [f"{PATH_LIST} different paths that are not there"]
    assert {event["severity"] for event in events} == {"medium"}


def test_agent_is_noted_once() -> None:
    recorder = Recorder()
    recorder.connected(ends(), at(0))
    for _ in range(5):
        recorder.noted(ends(), "user_agent", "curl/8", at(1))
    assert details(recorder.finish(at(2)), "user_agent") == ["curl/8"]
