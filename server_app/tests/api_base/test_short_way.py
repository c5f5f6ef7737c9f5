"""The short way answers what the application would answer, and nothing that it would refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace

import pytest
from apiflask import APIFlask
from event_builder import event
from flask import request_started
from server_bench import Bench, SensorClient, report
from werkzeug.test import TestResponse

from server_app.metrics.instruments import KEY, Instruments

MALFORMED = [b"{", b"[]", b'{"events":[', b"\xff", b" " * (4 * 1024 * 1024 + 1)]


@contextmanager
def reached(app: APIFlask) -> Iterator[list[APIFlask]]:
    """The requests that reach Flask meanwhile."""
    seen: list[APIFlask] = []

    def note(sender: APIFlask, **_: object) -> None:
        seen.append(sender)

    with request_started.connected_to(note, app):
        yield seen


def long_way(bench: Bench, sensor: SensorClient) -> SensorClient:
    """The same sensor, who meets the application itself."""
    app = copy(bench.app)
    del app.wsgi_app
    return replace(sensor, client=app.test_client())


def statuses(answer: TestResponse) -> list[str]:
    assert answer.json is not None
    return [item["status"] for item in answer.json["results"]]


def told(answer: TestResponse) -> tuple[str, dict[str, str], bytes]:
    return answer.status, dict(answer.headers), answer.data


def test_an_unchanged_poll_is_answered_alike_and_counted(bench: Bench) -> None:
    sensor = bench.sensor()
    tag = sensor.poll().headers["ETag"]
    body = report()
    with reached(bench.app) as seen:
        short = sensor.poll(body, **{"If-None-Match": tag})
    assert (short.status_code, seen) == (204, [])

    assert told(short) == told(long_way(bench, sensor).poll(body, **{"If-None-Match": tag}))
    counted: Instruments = bench.app.extensions[KEY]
    labels = {"method": "POST", "route": "/api/sensors/status", "status": "204"}
    assert counted.registry.get_sample_value("honeysens_http_requests_total", labels) == 2
    assert counted.registry.get_sample_value("honeysens_polls_total", {"answer": "unchanged"}) == 2


@pytest.mark.parametrize("tag", ["", "*", '"0.0"', "W/{tag}", '{tag}, "other"'])
def test_a_poll_with_anything_new_to_say_goes_the_long_way(bench: Bench, tag: str) -> None:
    sensor = bench.sensor()
    known = sensor.poll().headers["ETag"]
    with reached(bench.app) as seen:
        answer = sensor.poll(**({"If-None-Match": tag.format(tag=known)} if tag else {}))
    assert (answer.status_code in {200, 204}, len(seen)) == (True, 1)


def test_a_batch_is_answered_alike_and_counted(bench: Bench) -> None:
    sensor, events = bench.sensor(), [event(), event(1)]
    sensor.upload([])  # the first use of a certificate is noted
    with reached(bench.app) as seen:
        first = sensor.upload(events)
        again = sensor.upload([*events, events[0]])
    assert seen == []
    assert statuses(first) == ["stored", "stored"]

    assert told(again) == told(long_way(bench, sensor).upload([*events, events[0]]))
    counted: Instruments = bench.app.extensions[KEY]
    assert counted.registry.get_sample_value("honeysens_events_total", {"result": "stored"}) == 2
    assert counted.registry.get_sample_value("honeysens_events_total", {"result": "duplicate"}) == 6


def test_a_batch_with_a_fault_goes_the_long_way(bench: Bench) -> None:
    sensor = bench.sensor()
    with reached(bench.app) as seen:
        answer = sensor.upload([event(), event(kind="party")])
    assert statuses(answer) == ["stored", "rejected"]
    assert len(seen) == 1


@pytest.mark.parametrize("body", [*MALFORMED, b'{"events":[]}'], ids=lambda body: repr(body[:12]))
@pytest.mark.parametrize("path", ["/api/events", "/api/sensors/status"])
def test_who_may_not_is_told_so_whatever_the_body(bench: Bench, path: str, body: bytes) -> None:
    sensor = bench.sensor()
    assert sensor.call(path, body).status_code in {200, 400, 413}
    bench.admin.ok("POST", f"/certs/revoke?sensor={sensor.id}")
    assert sensor.call(path, body).status_code == 403


def test_revocation_holds_at_the_very_next_request(bench: Bench) -> None:
    sensor = bench.sensor()
    tag = sensor.poll().headers["ETag"]
    assert sensor.poll(**{"If-None-Match": tag}).status_code == 204
    bench.admin.ok("POST", f"/certs/revoke?sensor={sensor.id}")
    assert sensor.poll(**{"If-None-Match": tag}).status_code == 403
    assert sensor.upload([event()]).status_code == 403
    assert bench.admin.ok("GET", "/events")["items"] == []


def test_a_certificate_is_believed_of_the_proxy_only(bench: Bench) -> None:
    sensor = bench.sensor()
    tag = sensor.poll().headers["ETag"]
    sensor.client.environ_base["REMOTE_ADDR"] = "192.0.2.1"
    assert sensor.upload([event()]).status_code == 401
    assert sensor.poll(**{"If-None-Match": tag}).status_code == 401
    assert bench.admin.ok("GET", "/events")["items"] == []


def test_what_breaks_on_the_short_way_is_met_by_the_application(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = bench.sensor()

    def broken(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("server_app.events.short_way.read_sound", broken)
    assert statuses(sensor.upload([event()])) == ["stored"]
