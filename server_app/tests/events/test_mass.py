"""Working on sessions, one and many: what is changed, what is left alone, and what is written down."""

from typing import Any

import pytest
from dying_worker import Point, When, killed
from event_builder import event
from server_bench import Bench, start
from sqlalchemy import update

from server_app.accounts.models import Role
from server_app.events import mass
from server_app.events import tasks as events
from server_app.task_queue import TaskQueue
from server_app.tasks.kinds import Job
from server_app.tasks.models import Task
from server_app.tasks.runner import MAX_ATTEMPTS

SESSIONS = "/events/sessions"


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Ten sessions of two events each, five in either division."""
    for name in ("ours", "theirs"):
        division = bench.division(name)
        sensor = bench.sensor(name, division)
        sensor.upload(
            [
                event(number + part, session=f"s{number}", source={"ip": f"10.0.0.{number + 1}"})
                for number in range(5)
                for part in (0, 20)
            ]
        )
        bench.user(f"manager of {name}", Role.MANAGER, division)
        bench.user(f"observer of {name}", Role.OBSERVER, division)
    return bench


def listed(bench: Bench, query: str = "", name: str = "admin") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = bench.person(name).ok("GET", f"{SESSIONS}?limit=200&{query}")["items"]
    return items


def test_a_session_is_worked_on(filled: Bench) -> None:
    number = listed(filled)[0]["id"]
    me = filled.admin.ok("GET", "/sessions")["user"]["id"]
    change = {"status": "in_progress", "comment": "The scanner of the audit?", "assignee": me}
    shown = filled.admin.ok("PATCH", f"{SESSIONS}/{number}", json=change)
    assert {name: shown[name] for name in change} == change
    assert shown["assignee_name"] == "admin"
    assert shown["changed_at"] is not None
    assert [row["id"] for row in listed(filled, "status=in_progress")] == [number]
    assert [row["id"] for row in listed(filled, f"assignee={me}")] == [number]
    assert filled.admin.ok("PATCH", f"{SESSIONS}/{number}", json={"assignee": None})["assignee"] is None
    assert filled.admin.ok("GET", f"{SESSIONS}/{number}")["comment"] == change["comment"]


def test_new_events_leave_alone_what_people_said(filled: Bench) -> None:
    row = listed(filled, name="manager of ours")[0]
    filled.admin.ok("PATCH", f"{SESSIONS}/{row['id']}", json={"status": "ignored", "comment": "known"})
    sensor = filled.sensor("another", row["division"])
    sensor.upload([event(session="mine")])
    mine = listed(filled, f"sensor={sensor.id}")[0]["id"]
    filled.admin.ok("PATCH", f"{SESSIONS}/{mine}", json={"status": "ignored", "comment": "known", "archived": True})
    sensor.upload([event(9, session="mine", kind="login", severity="high")])
    shown = filled.admin.ok("GET", f"{SESSIONS}/{mine}")
    assert (shown["status"], shown["comment"], shown["archived"]) == ("ignored", "known", True)
    assert (shown["events"], shown["severity"]) == (2, "high")


def test_the_archive_is_a_list_of_its_own(filled: Bench) -> None:
    answer = filled.admin.ok(
        "POST", f"{SESSIONS}/mass", json={"filter": {"source": "10.0.0.1-10.0.0.2"}, "change": {"archived": True}}
    )
    assert answer == {"sessions": 4, "task": None}
    assert (len(listed(filled)), len(listed(filled, "archived=true"))) == (6, 4)
    filled.admin.ok("POST", f"{SESSIONS}/mass", json={"filter": {"archived": True}, "change": {"archived": False}})
    assert (len(listed(filled)), len(listed(filled, "archived=true"))) == (10, 0)


def test_deleted_sessions_take_their_events_along(filled: Bench) -> None:
    numbers = [row["id"] for row in listed(filled, "source=10.0.0.3")]
    assert filled.admin.ok("POST", f"{SESSIONS}/mass", json={"ids": numbers, "delete": True})["sessions"] == 2
    assert len(listed(filled)) == 8
    assert len(filled.admin.ok("GET", "/events?limit=200")["items"]) == 16
    assert filled.admin.call("GET", f"{SESSIONS}/{numbers[0]}").status_code == 404


def test_a_filter_reaches_only_what_the_user_sees(filled: Bench) -> None:
    manager = filled.person("manager of ours")
    answer = manager.ok("POST", f"{SESSIONS}/mass", json={"filter": {}, "change": {"status": "resolved"}})
    assert answer["sessions"] == 5
    assert {row["sensor_name"] for row in listed(filled, "status=resolved")} == {"ours"}


def test_ids_of_others_are_unknown_and_nothing_is_done(filled: Bench) -> None:
    ours = [row["id"] for row in listed(filled, name="manager of ours")]
    theirs = [row["id"] for row in listed(filled, name="manager of theirs")]
    body = {"ids": [*ours, theirs[0]], "delete": True}
    assert filled.person("manager of ours").call("POST", f"{SESSIONS}/mass", json=body).status_code == 404
    document: Any = filled.app.test_client().get("/api/openapi.json").json
    assert "404" in document["paths"]["/api/events/sessions/mass"]["post"]["responses"], "the document says so"
    assert len(listed(filled)) == 10
    body = {"ids": ours, "delete": True}
    assert filled.person("observer of ours").call("POST", f"{SESSIONS}/mass", json=body).status_code == 403
    assert len(listed(filled)) == 10


def test_very_many_are_left_to_a_task(filled: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mass, "AT_ONCE", 3)
    manager = filled.person("manager of ours")
    answer = manager.ok("POST", f"{SESSIONS}/mass", json={"filter": {"status": "new"}, "change": {"status": "ignored"}})
    task = manager.ok("GET", f"/tasks/{answer['task']}")
    assert (task["state"], task["result"]) == ("done", {"sessions": 5})
    assert {row["sensor_name"] for row in listed(filled, "status=ignored")} == {"ours"}
    assert len(listed(filled, "status=ignored")) == 5


def left_to_the_worker(bench: Bench) -> int:
    """A task that waits to delete all ten sessions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mass, "AT_ONCE", 3)
        patch.setattr(TaskQueue, "enqueue", lambda *_args, **_options: None)
        number: int = bench.admin.ok("POST", f"{SESSIONS}/mass", json={"filter": {}, "delete": True})["task"]
    return number


def finished(bench: Bench) -> dict[str, Any]:
    (entry,) = bench.admin.ok("GET", "/audit?object=session&action=finished")["items"]
    assert (entry["actor"]["name"], entry["actor"]["address"]) == ("admin", "worker")
    after: dict[str, Any] = entry["after"]
    return after


@pytest.mark.parametrize(("when", "deleted"), [(When.IN_IT, 2), (When.AFTER_ITS_COMMIT, 4)])
def test_one_whose_worker_is_killed_each_time_says_what_it_has_deleted(filled: Bench, when: When, deleted: int) -> None:
    number = left_to_the_worker(filled)
    killed(filled.settings, Point("DELETE FROM event_sessions", when, 2, {"server_app.events.tasks.CHUNK": 2}))
    with filled.database.writing() as session:
        session.execute(update(Task).values(attempts=MAX_ATTEMPTS))

    start(filled.settings).database.close()

    task = filled.admin.ok("GET", f"/tasks/{number}")
    assert (task["state"], task["result"]) == ("failed", {"sessions": deleted})
    assert f"in the middle of this task. {deleted} sessions had been deleted" in task["reason"]
    assert finished(filled) == {"count": deleted, "state": "failed"}
    assert len(listed(filled)) == 10 - deleted


def test_one_whose_worker_is_killed_once_goes_on_and_counts_each_session_once(filled: Bench) -> None:
    number = left_to_the_worker(filled)
    changed = {"server_app.events.tasks.CHUNK": 2}
    killed(filled.settings, Point("DELETE FROM event_sessions", When.AFTER_ITS_COMMIT, changed=changed))

    start(filled.settings).database.close()

    task = filled.admin.ok("GET", f"/tasks/{number}")
    assert (task["state"], task["result"]) == ("done", {"sessions": 10})
    assert finished(filled) == {"count": 10}
    assert listed(filled) == []


def test_one_that_is_cancelled_says_what_it_has_deleted(filled: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    number = left_to_the_worker(filled)
    points: list[int] = []
    note = Job.note

    def cancelled_at_the_third(job: Job, progress: int) -> None:
        points.append(progress)
        if len(points) == 3:
            filled.admin.ok("POST", f"/tasks/{number}/cancel")
        note(job, progress)

    monkeypatch.setattr(Job, "note", cancelled_at_the_third)
    monkeypatch.setattr(events, "CHUNK", 2)
    filled.queue.enqueue(mass.TASK, number)

    task = filled.admin.ok("GET", f"/tasks/{number}")
    assert (task["state"], task["result"]) == ("cancelled", {"sessions": 4})
    assert task["reason"] == "Cancelled. 4 sessions had been deleted by then, and stay so."
    assert finished(filled) == {"count": 4, "state": "cancelled"}
    assert len(listed(filled)) == 6


def test_a_mass_action_is_one_entry_of_the_audit_log(filled: Bench) -> None:
    change = {"status": "resolved"}
    filled.admin.ok("POST", f"{SESSIONS}/mass", json={"filter": {"kind": "connection"}, "change": change})
    entries = filled.admin.ok("GET", "/audit?object=session")["items"]
    assert len(entries) == 1
    assert entries[0]["before"] == {"filter": {"kind": "connection"}}
    assert entries[0]["after"] == {"count": 10, "status": "resolved"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": [1]},
        {"filter": {}},
        {"ids": [], "delete": True},
        {"ids": [1], "filter": {}, "delete": True},
        {"ids": [1], "delete": True, "change": {"status": "new"}},
        {"ids": [1], "change": {}},
        {"ids": [1], "change": {"status": None}},
        {"ids": [1], "change": {"comment": "a\x00b"}},
        {"ids": [1], "change": {"comment": "x" * 1001}},
        {"filter": {"source": "nonsense"}, "delete": True},
        {"filter": {"color": "red"}, "delete": True},
        {"filter": {"hidden": True, "archived": True}, "delete": True},
        {"ids": [1] * 1001, "delete": True},
    ],
)
def test_what_makes_no_sense_is_refused(filled: Bench, body: dict[str, Any]) -> None:
    assert filled.admin.call("POST", f"{SESSIONS}/mass", json=body).status_code == 400
    assert len(listed(filled)) == 10


def test_an_assignee_must_be_known(filled: Bench) -> None:
    number = listed(filled)[0]["id"]
    answer = filled.admin.call("PATCH", f"{SESSIONS}/{number}", json={"assignee": 4711})
    assert answer.status_code == 400
