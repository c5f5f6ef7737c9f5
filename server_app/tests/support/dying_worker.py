"""A worker that is killed at a chosen point of its work: a process of its own, and a real kill."""

import multiprocessing
import os
import signal
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from patience import PATIENCE
from sqlalchemy import Engine, event

from server_app import worker
from server_app.settings import Settings
from server_app.task_queue import TaskQueue

FRESH = multiprocessing.get_context("spawn")


class When(StrEnum):
    """Where in a transaction."""

    IN_IT = "in it"
    BEFORE_ITS_COMMIT = "before its commit"
    AFTER_ITS_COMMIT = "after its commit"


@dataclass(frozen=True)
class Point:
    """Where a worker dies: at the statement that begins so for the given time.

    Attributes:
        statement: how it begins.
        times: which one of those that begin so, from 1.
        changed: other values of constants, by `module.NAME`.
        job: what is given to the worker once it has done what waits: its name and arguments.
    """

    statement: str
    when: When = When.IN_IT
    times: int = 1
    changed: dict[str, Any] = field(default_factory=dict)
    job: tuple[Any, ...] = ()


def killed(settings: Settings, point: Point) -> None:
    """Let a worker do what waits until it is killed there; that it comes so far is made sure of."""
    process = FRESH.Process(target=_work_and_die, args=(settings, point))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL, f"it never came to {point}"


def _work_and_die(settings: Settings, point: Point) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in point.changed.items():
            patch.setattr(name, value)
        _die_at(point)
        queue = TaskQueue(settings.data_dir, immediate=True)
        worker.prepare(settings, queue)
        if point.job:
            queue.enqueue(*point.job)


def _die_at(point: Point) -> None:
    seen, reached, committed = 0, False, False

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal seen, reached
        seen += statement.startswith(point.statement)
        if seen == point.times and not reached:
            reached = True
            if point.when is When.IN_IT:
                die()

    def commits(_connection: object) -> None:
        nonlocal committed
        if reached and point.when is When.BEFORE_ITS_COMMIT:
            die()
        committed = reached

    def begins(_connection: object) -> None:
        if committed:
            die()

    event.listen(Engine, "after_cursor_execute", executed)
    event.listen(Engine, "commit", commits)
    event.listen(Engine, "begin", begins)
