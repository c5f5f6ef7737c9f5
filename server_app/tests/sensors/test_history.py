"""When sensors come, go silent and report something else; and finding them by it."""

from datetime import timedelta
from typing import Any

import pytest
from server_bench import Bench, SensorClient, report
from sqlalchemy import update

from server_app.accounts.models import Role
from server_app.db import now
from server_app.sensors import history, timeouts
from server_app.sensors.models import SensorStatus, StatusChange

FAILED = [{"name": "cowrie", "state": "failed", "error": "x" * 1000}]


def entries(bench: Bench, sensor: SensorClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench.admin.ok("GET", f"/sensors/{sensor.id}/status-history{query}")["items"]
    return found


def states(bench: Bench, sensor: SensorClient) -> list[tuple[str, str]]:
    return [(entry["state"], entry["health"]) for entry in entries(bench, sensor)]


def go_silent(bench: Bench, sensor: SensorClient) -> None:
    """As if its last contact had been long ago."""
    with bench.database.writing() as session:
        status = session.get_one(SensorStatus, sensor.id)
        status.last_contact_at = now() - timedelta(hours=2)
        status.due_at = now() - timedelta(hours=1)
        session.execute(update(StatusChange).values(time=status.last_contact_at))


def test_only_what_differs_is_remembered(bench: Bench) -> None:
    sensor = bench.sensor()
    for body in (report(), report(uptime=9), report(services=FAILED), report(services=FAILED, uptime=9), report()):
        sensor.poll(body)

    assert states(bench, sensor) == [("online", "ok"), ("online", "warning"), ("online", "ok")]
    assert entries(bench, sensor)[1]["report"]["services"][0]["error"] == "x" * 256
    shown = bench.admin.ok("GET", f"/sensors/{sensor.id}")
    assert (shown["health"], shown["problems"]) == ("ok", [])


def test_what_is_wrong_is_said(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.poll(report(services=FAILED, error="no rules"))
    shown = bench.admin.ok("GET", f"/sensors/{sensor.id}")
    assert (shown["state"], shown["health"]) == ("online", "error")
    assert shown["problems"] == ["no rules", "cowrie does not run"]


def test_a_timeout_is_noticed_once_and_its_end_too(bench: Bench) -> None:
    sensor, other = bench.sensor(), bench.sensor("other")
    bench.sensor_row("never polled")
    etag = sensor.poll().headers["ETag"]
    other.poll()
    assert timeouts.notice(bench.database, now()) == []
    go_silent(bench, sensor)

    assert timeouts.notice(bench.database, now()) == [sensor.id]
    assert timeouts.notice(bench.database, now()) == []
    assert bench.admin.ok("GET", f"/sensors/{sensor.id}")["state"] == "timeout"
    assert states(bench, sensor)[0] == ("timeout", "ok")

    assert sensor.poll(None, **{"If-None-Match": etag}).status_code == 204
    assert bench.admin.ok("GET", f"/sensors/{sensor.id}")["state"] == "online"
    assert states(bench, sensor) == [("online", "ok"), ("timeout", "ok"), ("online", "ok")]
    assert states(bench, other) == [("online", "ok")]


def test_who_comes_in_the_last_moment_is_not_timed_out(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.poll()
    assert not timeouts._notice_one(bench.database, sensor.id, now())
    assert states(bench, sensor) == [("online", "ok")]


def test_the_history_is_bounded_in_number_and_age(bench: Bench) -> None:
    bench.admin.ok("PATCH", "/settings/sensors", json={"history_entries": 3, "history_days": 1})
    sensor, other = bench.sensor(), bench.sensor("other")
    other.poll()
    for number in range(6):
        sensor.poll(report(firmware=f"0.{number}"))
    assert [entry["report"]["firmware"] for entry in entries(bench, sensor)] == ["0.5", "0.4", "0.3"]
    assert len(entries(bench, other)) == 1

    with bench.database.writing() as session:
        oldest = session.get_one(StatusChange, entries(bench, sensor)[-1]["id"])
        oldest.time = now() - timedelta(days=2)
    assert history.remove_old(bench.database, now()) == 1
    assert [entry["report"]["firmware"] for entry in entries(bench, sensor)] == ["0.5", "0.4"]


def test_the_history_comes_in_pages(bench: Bench) -> None:
    sensor = bench.sensor()
    for number in range(3):
        sensor.poll(report(firmware=f"0.{number}"))
    page = bench.admin.ok("GET", f"/sensors/{sensor.id}/status-history?limit=2")
    rest = bench.admin.ok("GET", f"/sensors/{sensor.id}/status-history?limit=2&cursor={page['next']}")
    found = [entry["report"]["firmware"] for entry in (*page["items"], *rest["items"])]
    assert (found, rest["next"]) == (["0.2", "0.1", "0.0"], None)


@pytest.fixture
def fleet(bench: Bench) -> Bench:
    """One sensor in each state, in two divisions."""
    other = bench.division("other")
    bench.sensor_row("a_new")
    bench.sensor("b online").poll()
    bench.sensor("c warning", other).poll(report(services=FAILED))
    silent = bench.sensor("d silent", other)
    silent.poll()
    go_silent(bench, silent)
    bench.admin.ok("PATCH", f"/sensors/{silent.id}", json={"location": "Cellar 100%"})
    return bench


FOUND = {
    "": "abcd",
    "?state=new": "a",
    "?state=online": "bc",
    "?state=timeout": "d",
    "?health=warning": "c",
    "?text=ONLINE": "b",
    "?text=cellar": "d",
    "?text=100%25": "d",
    "?text=%25": "d",
    "?text=_": "a",
    "?state=online&text=w": "c",
}


def test_sensors_are_found(fleet: Bench) -> None:
    for query, names in FOUND.items():
        found = fleet.admin.ok("GET", f"/sensors{query}")["items"]
        assert "".join(item["name"][0] for item in found) == names, query


def test_sensors_are_found_by_division_within_what_one_sees(fleet: Bench) -> None:
    ours, theirs = sorted({item["division"] for item in fleet.admin.ok("GET", "/sensors")["items"]})
    manager = fleet.user("manager", Role.MANAGER, theirs)
    assert len(fleet.admin.ok("GET", f"/sensors?division={ours}")["items"]) == 2
    assert manager.ok("GET", f"/sensors?division={ours}")["items"] == []
    assert len(manager.ok("GET", "/sensors?state=online")["items"]) == 1


def test_sensors_come_in_pages(fleet: Bench) -> None:
    names, query = "", "?limit=1"
    for _ in range(4):
        page = fleet.admin.ok("GET", f"/sensors{query}")
        names += "".join(item["name"][0] for item in page["items"])
        query = f"?limit=1&cursor={page['next']}"
    assert (names, page["next"]) == ("abcd", None)


def test_a_wrong_query_is_refused(bench: Bench) -> None:
    for query in ("cursor=%2F", "cursor=gICA", "cursor=AAAA", "state=gone", "text=%00", "q=1"):
        answer = bench.admin.call("GET", f"/sensors?{query}")
        assert answer.status_code == 400, query
        assert (answer.json or {})["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_the_worker_does_it_by_itself(bench: Bench) -> None:
    sensor = bench.sensor()
    sensor.poll()
    go_silent(bench, sensor)
    jobs = {job.name: job for job in bench.queue._huey._registry.periodic_tasks}

    for name in ("notice-timeouts", "remove-old-status-changes"):
        jobs[name].execute()

    assert states(bench, sensor) == [("timeout", "ok"), ("online", "ok")]
