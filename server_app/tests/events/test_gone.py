"""A sensor with many events is removed at once; its events go in the background, in pieces that survive a crash."""

from dataclasses import replace
from typing import Any

import pytest
from event_builder import event
from server_bench import Bench
from sqlalchemy import func, select

from server_app.context import KEY
from server_app.events import gone
from server_app.events.models import Event, EventSession
from server_app.events.sweep import Removed
from server_app.events.tasks import EventTasks
from server_app.task_queue import TaskQueue


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Two sensors with events, and nobody who works on tasks."""
    for name in ("kept", "lost"):
        bench.sensor(name).upload([event(number, session=f"{name}-{number % 3}") for number in range(7)])
    away = replace(bench.app.extensions[KEY], queue=TaskQueue(bench.settings.data_dir))
    bench.app.extensions[KEY] = away
    return bench


def lost(bench: Bench) -> int:
    number: int = bench.admin.ok("GET", "/sensors?text=lost")["items"][0]["id"]
    return number


def stored(bench: Bench, sensor: int) -> tuple[int, int]:
    """The rows of a sensor's sessions and events."""
    with bench.database.reading() as session:
        found = [
            session.scalar(select(func.count()).where(table.sensor_id == sensor)) or 0
            for table in (EventSession, Event)
        ]
    return found[0], found[1]


def shown(bench: Bench, path: str) -> set[str]:
    items: list[dict[str, Any]] = bench.admin.ok("GET", path)["items"]
    return {item["sensor_name"] for item in items}


def test_nobody_sees_the_events_of_a_removed_sensor_that_are_still_there(filled: Bench) -> None:
    sensor = lost(filled)
    one = filled.admin.ok("GET", f"/events?sensor={sensor}")["items"][0]["id"]
    contact = filled.admin.ok("GET", f"/events/sessions?sensor={sensor}")["items"][0]["id"]
    filled.admin.ok("DELETE", f"/sensors/{sensor}")

    assert stored(filled, sensor) == (3, 7)
    assert shown(filled, "/events") == shown(filled, "/events/sessions") == {"kept"}
    for path in (f"/events/{one}", f"/events/sessions/{contact}"):
        assert filled.admin.call("GET", path).status_code == 404
    for path in ("/events/export", "/events/sessions/export"):
        assert "lost" not in filled.admin.ok("GET", path).decode()
    tried = filled.admin.ok("POST", "/eventfilters/test", json={"conditions": {"ports": [22]}})
    assert {item["sensor_name"] for item in tried["samples"]} == {"kept"}
    assert filled.admin.call("PATCH", f"/events/sessions/{contact}", json={"status": "resolved"}).status_code == 404
    assert filled.app.test_client().get("/login").status_code == 200


def test_the_worker_removes_them_though_the_request_left_no_task(filled: Bench) -> None:
    before = filled.admin.ok("GET", "/stats?window=90d")["events"]
    sensor = lost(filled)
    filled.admin.ok("DELETE", f"/sensors/{sensor}")
    assert filled.app.extensions[KEY].queue.depth() == 1, "it leaves one"
    periodic = {task.name: task for task in filled.queue._huey._registry.periodic_tasks}
    filled.queue._huey.execute(periodic["remove-forgotten-events-of-gone-sensors"])

    assert stored(filled, sensor) == (0, 0)
    assert len(filled.admin.ok("GET", "/events")["items"]) == 7
    assert filled.admin.ok("GET", "/stats?window=90d")["events"] == before, "what is gone still counts"


def test_pieces_are_small_and_who_is_stopped_between_them_leaves_the_rest_to_the_next(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gone, "ROWS_AT_ONCE", 2)
    sensor = lost(filled)
    filled.admin.ok("DELETE", f"/sensors/{sensor}")
    pieces = gone.chunks(filled.database, sensor)

    assert [next(pieces) for _ in range(3)] == [Removed(events=2)] * 3
    pieces.close()  # type: ignore[attr-defined] # a generator: killed here
    assert stored(filled, sensor) == (3, 1)
    assert gone.sensors(filled.database) == [sensor]
    assert list(gone.chunks(filled.database, sensor)) == [Removed(events=1), Removed(sessions=2), Removed(sessions=1)]
    assert gone.sensors(filled.database) == []


def test_sessions_that_are_left_alone_are_found(filled: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone, "ROWS_AT_ONCE", 7)
    sensor = lost(filled)
    filled.admin.ok("DELETE", f"/sensors/{sensor}")
    next(gone.chunks(filled.database, sensor))
    assert stored(filled, sensor) == (3, 0)
    EventTasks(filled.database).remove_gone()
    assert stored(filled, sensor) == (0, 0)


def test_a_worker_removes_them_at_once(bench: Bench) -> None:
    bench.sensor("lost").upload([event()])
    sensor = lost(bench)
    bench.admin.ok("DELETE", f"/sensors/{sensor}")
    assert stored(bench, sensor) == (0, 0)
