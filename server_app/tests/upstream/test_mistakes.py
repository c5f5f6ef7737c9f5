"""What the original gets wrong and this server must not: each point, and the tests that hold it.

The table names tests elsewhere; what belongs to no feature alone is tested here.
"""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from event_builder import START, event
from server_bench import Bench, report
from sqlalchemy import text

SENSOR = "../../sensor_manager/tests"
HELD_BY = {
    "ranges of addresses in filters are compared as texts": [
        "events/test_addresses.py::test_ipv4_keys_sort_as_addresses",
        "events/test_addresses.py::test_a_range_covers_what_lies_between",
        "event_filters/test_matcher.py::test_ranges_are_not_text",
    ],
    "renaming a filter overwrites its conditions": [
        "event_filters/test_event_filters.py::test_renaming_leaves_the_conditions_alone",
    ],
    "a manager takes over a sensor of another division and fetches its secrets": [
        "accounts/test_divisions.py::test_a_manager_cannot_touch_a_sensor_of_another_division",
        "access/test_access.py::test_everybody_gets_the_right_answer",
    ],
    "batches of events can be replayed": [
        "events/test_ingest.py::test_an_event_is_stored_once_however_often_it_comes",
        "events/test_ingest.py::test_many_requests_at_once_store_each_event_once",
    ],
    "one bad event blocks a sensor's whole buffer": [
        "events/test_ingest.py::test_a_malformed_event_is_rejected_by_name_logged_once_and_keeps_none_back",
    ],
    "an event's time is overwritten by that of its packets": [
        "upstream/test_mistakes.py::test_an_event_keeps_its_own_time",
    ],
    "logins are not throttled": [
        "accounts/test_sessions.py::test_the_sixth_wrong_password_in_a_row_has_to_wait",
        "web/test_login.py::test_many_wrong_passwords_are_throttled_here_as_in_the_api",
    ],
    "error pages show SQL": [
        "upstream/test_mistakes.py::test_a_broken_database_shows_no_sql",
        "fuzz/test_fuzz.py::test_no_answer_outside_the_schema",
    ],
    "tasks show secrets": [
        "tasks/test_tasks.py::test_secrets_do_not_get_into_tasks",
        "access/test_access.py::test_everybody_gets_the_right_answer",
    ],
    "expired certificates strand sensors": [
        "enrolment/test_renewal.py::test_a_sensor_that_was_away_for_months_comes_back",
        f"{SENSOR}/unit/test_certificate.py::test_an_expired_sensor_comes_back_by_its_old_key",
    ],
    "a clock that is off by a minute stops a sensor": [
        "upstream/test_mistakes.py::test_a_sensor_whose_clock_is_wrong_is_served",
        f"{SENSOR}/unit/test_certificate.py::test_one_that_the_server_refuses_comes_back_too",
    ],
}
# One point is missing: "an update that fails leaves a dead sensor". Sensors do not update their firmware yet; with that
# comes the test of a failed update, to be named here.
TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", sorted({name for names in HELD_BY.values() for name in names}))
def test_every_test_that_is_named_exists(name: str) -> None:
    file, _, function = name.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_an_event_keeps_its_own_time(bench: Bench) -> None:
    sensor = bench.sensor()
    packets = [{"time": (START + timedelta(hours=1)).isoformat(), "protocol": "tcp", "port": 22, "payload": "AAAA"}]
    sensor.upload([event(packets=packets)])

    number = bench.admin.ok("GET", "/events")["items"][0]["id"]
    shown = bench.admin.ok("GET", f"/events/{number}")

    assert datetime.fromisoformat(shown["time"]) == START
    assert datetime.fromisoformat(shown["packets"][0]["time"]) == START + timedelta(hours=1)


@pytest.mark.parametrize(
    "off", [timedelta(minutes=-2), timedelta(minutes=2), timedelta(days=-400), timedelta(days=400)]
)
def test_a_sensor_whose_clock_is_wrong_is_served(bench: Bench, off: timedelta) -> None:
    sensor = bench.sensor()
    its_time = datetime.now(UTC) + off

    answer = sensor.poll(report(observed_at=its_time.isoformat()))
    stored: Any = sensor.upload([event(time=its_time.isoformat())]).json

    assert answer.status_code == 200
    assert bench.admin.ok("GET", f"/sensors/{sensor.id}")["state"] == "online"
    assert stored["results"][0]["status"] == "stored"
    shown = bench.admin.ok("GET", "/events")["items"][0]
    assert datetime.fromisoformat(shown["time"]) == its_time
    assert abs(datetime.fromisoformat(shown["received_at"]) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_broken_database_shows_no_sql(bench: Bench) -> None:
    sensor = bench.sensor()
    admin = bench.admin
    with bench.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE event_sessions RENAME TO gone"))

    answers = [admin.call("GET", "/events/sessions"), sensor.upload([event()])]

    with bench.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO event_sessions"))
    for answer in answers:
        assert answer.status_code == 500
        assert answer.mimetype == "application/problem+json"
        for inside in ("SELECT", "INSERT", "event_sessions", "sql", "Traceback"):
            assert inside.lower() not in answer.text.lower()
