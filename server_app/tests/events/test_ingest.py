"""Events are stored exactly once, and a bad one keeps no other back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from event_builder import event, uuid7
from log_lines import refusals
from server_bench import Bench, SensorClient

from sensor_wire.v1.event import BatchResult

BAD_ITEMS: list[tuple[Any, str]] = [
    (event(source={"ip": "not an address"}), "/source/ip"),
    (event(color="red"), "/color"),
    (event(time="yesterday"), "/time"),
    (event(time="0001-01-01T00:00:00+14:00"), "/time"),
    (event(time="9999-12-31T23:59:59-14:00"), "/time"),
    (event(kind="party"), "/kind"),
    (event(id="1b4e28ba-2fa1-11d2-883f-0016d3cca427"), "/id"),
    (event(session="with space"), "/session"),
    (event(summary="\ud800"), "/summary"),
    (event(summary="x" * 257), "/summary"),
    (event(details=[{"time": "2026-11-21T08:00:00Z", "kind": "username", "data": "x" * 4097}]), "/details/0/data"),
    (event(packets=[{"time": "2026-11-21T08:00:00Z", "protocol": "tcp", "payload": "%"}]), "/packets/0/payload"),
    ({}, "/id"),
    ([], "the event"),
    ("event", "the event"),
    (None, "the event"),
    (event(padding="x" * 300_000), "the event has"),
]


def results(sensor: SensorClient, events: list[Any]) -> list[str]:
    answer = sensor.upload(events)
    assert answer.status_code == 200, answer.text
    parsed = BatchResult.model_validate(answer.json)
    assert [item.index for item in parsed.results] == list(range(len(events)))
    return [item.status.value for item in parsed.results]


def stored(bench: Bench) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = bench.admin.ok("GET", "/events?limit=200")["items"]
    return items


def test_what_is_stored_is_what_was_sent(bench: Bench) -> None:
    sensor = bench.sensor()
    detail = {"time": "2026-11-21T08:00:00.250000Z", "kind": "password", "data": "a\x00b\U0001f41d"}
    packet = {"time": "2026-11-21T08:00:00.250000Z", "protocol": "tcp", "port": 22, "payload": "U1NI"}
    sent = event(summary="a\x00b", details=[detail], packets=[packet], truncated=True, severity="critical")

    assert results(sensor, [sent]) == ["stored"]

    number = stored(bench)[0]["id"]
    shown = bench.admin.ok("GET", f"/events/{number}")
    assert (shown["uuid"], shown["sensor"], shown["severity"]) == (sent["id"], sensor.id, "critical")
    assert (shown["details"], shown["packets"], shown["truncated"]) == ([detail], [packet], True)
    assert (shown["source"], shown["destination"]) == (sent["source"], sent["destination"])
    assert shown["summary"] == "a\ufffdb", "PostgreSQL's text knows no NUL"


def test_an_event_is_stored_once_however_often_it_comes(bench: Bench) -> None:
    sensor = bench.sensor()
    one, two = event(), event(1)
    assert results(sensor, [one, one]) == ["stored", "duplicate"]
    assert results(sensor, [two, one]) == ["stored", "duplicate"]
    assert results(sensor, [one, two]) == ["duplicate", "duplicate"]
    assert len(stored(bench)) == 2
    assert bench.admin.ok("GET", "/events/sessions")["items"][0]["events"] == 2


def test_two_sensors_may_use_one_id(bench: Bench) -> None:
    same = event()
    for name in ("one", "two"):
        assert results(bench.sensor(name), [same]) == ["stored"]
    assert len(stored(bench)) == 2
    assert len(bench.admin.ok("GET", "/events/sessions")["items"]) == 2


def test_many_requests_at_once_store_each_event_once(bench: Bench) -> None:
    sensor = bench.sensor()
    events = [event(number, session=f"session-{number % 7}") for number in range(100)]

    def upload(part: int) -> list[str]:
        client = SensorClient(bench.app.test_client(), sensor.id, sensor.key, sensor.certificate)
        return results(client, events[part * 10 : part * 10 + 30])  # each overlaps the next two

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for part in pool.map(upload, [*range(8), *range(8)]) for status in part]

    assert statuses.count("stored") == 100
    assert set(statuses) == {"stored", "duplicate"}
    assert len(stored(bench)) == 100
    assert sum(row["events"] for row in bench.admin.ok("GET", "/events/sessions")["items"]) == 100


@pytest.mark.parametrize(("bad", "place"), BAD_ITEMS, ids=range(len(BAD_ITEMS)))
def test_a_malformed_event_is_rejected_by_name_logged_once_and_keeps_none_back(
    bench: Bench, bad: Any, place: str
) -> None:
    sensor = bench.sensor()
    with refusals() as logged:
        answer = sensor.upload([event(), bad, event(1)])

    assert answer.json is not None
    first, second, third = answer.json["results"]
    assert (first["status"], second["status"], third["status"]) == ("stored", "rejected", "stored")
    assert second["reason"].startswith(place)
    assert len(logged) == 1
    assert len(stored(bench)) == 2


def test_the_id_of_a_rejected_event_is_told_where_it_can_be_read(bench: Bench) -> None:
    number = uuid7()
    answer = bench.sensor().upload([event(id=number, kind="party"), {"id": 7}, {"id": "7"}])
    assert answer.json is not None
    assert [item["id"] for item in answer.json["results"]] == [number, None, None]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([event()], ""),
        ({"events": event()}, "/events"),
        ({"events": "all"}, "/events"),
        ({}, "/events"),
        ({"events": [], "sensor": 2}, "/sensor"),
        ({"events": [None] * 201}, "/events"),
        (b"not JSON", ""),
    ],
)
def test_what_is_no_batch_is_a_problem_logged_once(bench: Bench, body: Any, pointer: str) -> None:
    sensor = bench.sensor()
    with refusals() as logged:
        answer = sensor.call("/api/events", body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == pointer
    assert len(logged) == 1
    assert stored(bench) == []


def test_a_batch_of_more_than_four_mebibytes_is_refused(bench: Bench) -> None:
    sensor = bench.sensor()
    with refusals() as logged:
        answer = sensor.call("/api/events", b'{"events": ["' + b"x" * (4 * 1024 * 1024) + b'"]}')
    assert answer.status_code == 413
    assert len(logged) == 1


def test_an_address_with_a_scope_is_stored_without_it(bench: Bench) -> None:
    source = {"ip": "fe80::1%" + "x" * 100, "port": None}
    assert results(bench.sensor(), [event(source=source)]) == ["stored"]
    assert stored(bench)[0]["source"] == {"ip": "fe80::1", "port": None}
