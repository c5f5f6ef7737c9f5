"""Tasks can be listed, followed and cancelled, and end by the rules of their kind after a crash."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from log_lines import refusals
from server_bench import Bench
from sqlalchemy import update

from server_app.accounts.models import Role
from server_app.db import now
from server_app.task_queue import TaskQueue
from server_app.tasks import service
from server_app.tasks.kinds import Failed, Job, Remains, TaskKind
from server_app.tasks.models import Task, TaskState
from server_app.tasks.runner import MAX_ATTEMPTS, Runner


class Work:
    """A kind of task whose steps a test sees, and a worker that runs it when told to."""

    def __init__(self, bench: Bench, *, resumes: bool = False) -> None:
        self.bench = bench
        self.ran: list[int] = []
        self.cleaned: list[tuple[int, dict[str, Any]]] = []
        self.in_the_middle: Callable[[Job], None] = lambda _job: None
        self.kind = TaskKind("work", self._run, lambda *left: self.cleaned.append(left), resumes=resumes)
        self.runner = Runner(bench.database, bench.queue)
        self.runner.register(self.kind)

    def create(self, user_id: int | None = None, **columns: Any) -> int:
        with self.bench.database.writing() as session:
            number = service.create(session, "work", {"file": "one"}, user_id).id
            if columns:
                session.execute(update(Task).where(Task.id == number).values(**columns))
        return number

    def run(self, number: int) -> dict[str, Any]:
        self.runner.run(self.kind, number)
        return self.task(number)

    def task(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.bench.admin.ok("GET", f"/tasks/{number}")
        return found

    def cancel(self, number: int) -> None:
        self.bench.admin.ok("POST", f"/tasks/{number}/cancel")

    def _run(self, job: Job) -> None:
        self.ran.append(job.id)
        job.note(40, made="half")
        self.in_the_middle(job)
        job.note(80)
        with self.bench.database.writing() as session:
            job.succeed(session, {"answer": 42})


@pytest.fixture
def work(bench: Bench) -> Work:
    return Work(bench)


def test_a_task_runs_once_shows_its_progress_and_its_result(work: Work) -> None:
    seen: list[int] = []
    work.in_the_middle = lambda job: seen.append(work.task(job.id)["progress"])
    number = work.create()
    task = work.run(number)
    assert (task["state"], task["progress"], task["result"], seen) == ("done", 100, {"answer": 42}, [40])
    assert "parameters" not in task
    work.run(number)
    assert work.ran == [number]
    assert work.cleaned == [(number, {"file": "one", "made": "half"})]


def test_a_waiting_task_that_is_cancelled_never_runs_and_is_cleaned_up_after(work: Work) -> None:
    number = work.create()
    work.cancel(number)
    task = work.run(number)
    assert (task["state"], task["reason"], work.ran) == ("cancelled", "Cancelled. Nothing was changed.", [])
    assert (number, {"file": "one"}) in work.cleaned
    work.cancel(number)  # again is the same


def test_a_running_task_that_is_cancelled_ends_at_its_next_safe_point(work: Work) -> None:
    work.in_the_middle = lambda job: work.cancel(job.id)
    number = work.create()
    task = work.run(number)
    assert (task["state"], task["progress"], task["result"]) == ("cancelled", 80, None)
    assert work.cleaned == [(number, {"file": "one", "made": "half"})]


def test_what_has_ended_cannot_be_cancelled(work: Work) -> None:
    number = work.create()
    work.run(number)
    answer = work.bench.admin.call("POST", f"/tasks/{number}/cancel")
    assert answer.status_code == 409
    assert work.task(number)["state"] == "done"


def test_only_who_started_a_task_and_administrators_see_and_cancel_it(work: Work) -> None:
    home = work.bench.division("home")
    mary, otto = (work.bench.user(name, Role.MANAGER, home) for name in ("mary", "otto"))
    number = work.create(user_id=2)
    assert mary.call("GET", f"/tasks/{number}").status_code == 200
    assert otto.call("GET", f"/tasks/{number}").status_code == 404
    assert otto.call("POST", f"/tasks/{number}/cancel").status_code == 404
    assert otto.ok("GET", "/tasks")["items"] == []
    assert work.task(number)["state"] == "waiting"
    assert mary.ok("POST", f"/tasks/{number}/cancel")["state"] == "cancelled"


def test_the_list_is_filtered_by_state_and_type_page_by_page(work: Work) -> None:
    numbers = [work.create() for _ in range(5)]
    work.run(numbers[0])
    admin = work.bench.admin
    assert [task["id"] for task in admin.ok("GET", "/tasks?state=done")["items"]] == numbers[:1]
    first = admin.ok("GET", "/tasks?state=waiting&type=work&limit=3")
    second = admin.ok("GET", f"/tasks?state=waiting&type=work&limit=3&cursor={first['next']}")
    assert [task["id"] for task in first["items"] + second["items"]] == numbers[:0:-1]
    assert second["next"] is None
    assert admin.ok("GET", "/tasks?type=other")["items"] == []
    assert admin.call("GET", "/tasks?state=lost").status_code == 400


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Failed("The registry is away."), "The registry is away."), (RuntimeError("password=hunter2"), "its log has")],
)
def test_a_failed_task_is_cleaned_up_after_says_why_and_is_logged_once(
    work: Work, error: Exception, reason: str
) -> None:
    def fail(_job: Job) -> None:
        raise error

    work.in_the_middle = fail
    number = work.create()
    with refusals() as logged:
        task = work.run(number)
    assert task["state"] == "failed"
    assert reason in task["reason"]
    assert "hunter2" not in str(task)
    assert len(work.cleaned) == len(logged) == 1


def test_a_task_that_ran_when_the_worker_died_is_cleaned_up_after_and_has_failed(work: Work) -> None:
    number = work.create(state=TaskState.RUNNING, attempts=1)
    work.runner.recover()
    task = work.task(number)
    said = "The worker was stopped in the middle of this task. Nothing was changed. Start it again."
    assert (task["state"], task["reason"]) == ("failed", said)
    assert (work.cleaned, work.ran) == ([(number, {"file": "one"})], [])


def test_a_kind_that_resumes_runs_again_but_not_for_ever(bench: Bench) -> None:
    work = Work(bench, resumes=True)
    young = work.create(state=TaskState.RUNNING, attempts=MAX_ATTEMPTS - 1)
    old = work.create(state=TaskState.RUNNING, attempts=MAX_ATTEMPTS)
    unwanted = work.create(state=TaskState.RUNNING, attempts=1, cancel_requested=True)
    work.runner.recover()
    assert [work.task(number)["state"] for number in (young, old, unwanted)] == ["done", "failed", "cancelled"]
    assert work.ran == [young]


def test_one_that_waits_to_go_on_is_cancelled_by_the_worker_which_knows_what_it_had_done(bench: Bench) -> None:
    work = Work(bench, resumes=True)
    number = work.create(attempts=1)
    work.cancel(number)
    assert (work.task(number)["state"], work.task(number)["cancel_requested"]) == ("waiting", True)
    task = work.run(number)
    assert (task["state"], task["progress"]) == ("cancelled", 40)


def test_what_stays_of_a_task_is_said_in_its_end(bench: Bench) -> None:
    work = Work(bench)
    work.in_the_middle = lambda job: work.cancel(job.id)
    said = Remains("Half of it was done.", {"answer": 21})
    work.kind = replace(work.kind, remains=lambda *_: said)
    work.runner.kinds["work"] = work.kind
    number = work.create()
    task = work.run(number)
    assert (task["reason"], task["result"]) == ("Cancelled. Half of it was done.", {"answer": 21})


def test_tasks_of_an_unknown_kind_fail(work: Work) -> None:
    with work.bench.database.writing() as session:
        numbers = [service.create(session, "gone", {}, None).id for _ in range(2)]
        session.execute(update(Task).where(Task.id == numbers[0]).values(state=TaskState.RUNNING))
    work.runner.recover()
    assert {work.task(number)["state"] for number in numbers} == {"failed"}


def test_a_task_that_never_reached_the_queue_is_enqueued_later(work: Work) -> None:
    fresh = work.create()
    lost = work.create(created_at=now() - timedelta(minutes=5))
    work.runner.enqueue_forgotten()
    assert (work.task(fresh)["state"], work.task(lost)["state"]) == ("waiting", "done")


def test_a_queue_with_something_in_it_is_not_empty(tmp_path: Path) -> None:
    queue = TaskQueue(tmp_path)
    assert queue.is_empty()
    queue.enqueue("work", 1)
    assert not queue.is_empty()


def test_what_ended_long_ago_is_forgotten(work: Work) -> None:
    old, fresh = work.create(), work.create()
    for number in (old, fresh):
        work.run(number)
    with work.bench.database.writing() as session:
        long_ago = now() - service.KEEP - timedelta(minutes=1)
        session.execute(update(Task).where(Task.id == old).values(finished_at=long_ago))
    work.runner.drop_old()
    assert work.bench.admin.call("GET", f"/tasks/{old}").status_code == 404
    assert work.task(fresh)["state"] == "done"


def test_secrets_do_not_get_into_tasks(bench: Bench) -> None:
    with bench.database.writing() as session, pytest.raises(ValueError, match="looks like a secret"):
        service.create(session, "work", {"mail": {"smtp_password": "x"}}, None)


def test_a_step_is_followed_without_a_write_for_each_block(work: Work) -> None:
    noted: list[int] = []

    def follow(job: Job) -> None:
        step = job.follow(40, 60)
        for share in range(1001):
            step(share / 1000)
            noted.append(work.task(job.id)["progress"]) if share % 250 == 0 else None

    work.in_the_middle = follow
    work.run(work.create())
    assert noted == [40, 45, 50, 55, 60]
