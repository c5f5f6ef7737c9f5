"""Sensors as people make, change and remove them."""

from datetime import timedelta
from typing import Any

import pytest
from server_bench import Bench

from server_app.db import now
from server_app.sensors.models import Sensor, SensorState, SensorStatus
from server_app.sensors.service import due_at, state_of


def test_a_sensor_is_made_changed_and_removed(bench: Bench) -> None:
    sensor = bench.sensor_row("one")

    shown = bench.admin.ok("GET", f"/sensors/{sensor}")
    assert (shown["name"], shown["state"], shown["poll_interval"]) == ("one", "new", None)

    changed = bench.admin.ok("PATCH", f"/sensors/{sensor}", json={"location": "cellar", "poll_interval": 5})
    assert (changed["name"], changed["location"], changed["poll_interval"]) == ("one", "cellar", 5)
    assert bench.admin.ok("PATCH", f"/sensors/{sensor}", json={"poll_interval": None})["poll_interval"] is None

    assert bench.admin.call("DELETE", f"/sensors/{sensor}").status_code == 204
    assert bench.admin.call("GET", f"/sensors/{sensor}").status_code == 404


def test_numbers_are_never_used_again(bench: Bench) -> None:
    first = bench.sensor_row("one")
    bench.admin.ok("DELETE", f"/sensors/{first}")
    assert bench.sensor_row("one") > first


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"division": 1}, "/name"),
        ({"name": "", "division": 1}, "/name"),
        ({"name": "x" * 51, "division": 1}, "/name"),
        ({"name": "a\x00b", "division": 1}, "/name"),
        ({"name": "a"}, "/division"),
        ({"name": "a", "division": 4711}, "/division"),
        ({"name": "a", "division": 2**70}, "/division"),
        ({"name": "a", "division": 1, "poll_interval": 0}, "/poll_interval"),
        ({"name": "a", "division": 1, "color": "red"}, "/color"),
        ([], ""),
    ],
)
def test_a_wrong_field_is_named(bench: Bench, body: Any, pointer: str) -> None:
    answer = bench.admin.call("POST", "/sensors", json=body)

    assert answer.status_code == 400
    assert answer.json is not None
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_two_sensors_cannot_have_one_name(bench: Bench) -> None:
    bench.sensor_row("one")
    other = bench.sensor_row("two")
    division = bench.admin.ok("GET", "/divisions")["items"][0]["id"]
    assert bench.admin.call("POST", "/sensors", json={"name": "one", "division": division}).status_code == 409
    assert bench.admin.call("PATCH", f"/sensors/{other}", json={"name": "one"}).status_code == 409
    assert bench.admin.call("PATCH", f"/sensors/{other}", json={"name": "two"}).status_code == 200


@pytest.mark.parametrize(
    ("own", "age", "state"),
    [
        (None, None, SensorState.NEW),
        (None, 0, SensorState.ONLINE),
        (None, 149, SensorState.ONLINE),
        (None, 151, SensorState.TIMEOUT),
        (5, 39, SensorState.ONLINE),
        (5, 41, SensorState.TIMEOUT),
    ],
)
def test_a_sensor_that_stops_polling_is_timed_out(own: int | None, age: int | None, state: SensorState) -> None:
    moment = now()
    last = None if age is None else moment - timedelta(seconds=age)
    due = None if last is None else due_at(last, own or 60)
    assert state_of(Sensor(status=SensorStatus(last_contact_at=last, due_at=due)), moment) is state
