"""A worker, or another process of ours, that is killed at a chosen point of its work: really."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from command_process import CONTEXT
from patience import PATIENCE
from sqlalchemy import Engine, event

from server_app import worker
from server_app.settings import Settings
from server_app.task_queue import TaskQueue


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
    """

    statement: str
    when: When = When.IN_IT
    times: int = 1
    changed: dict[str, Any] = field(default_factory=dict)


def killed(settings: Settings, point: Point, *job: Any) -> None:
    """Let a worker do what waits, and then a job (its name and arguments), until it is killed there."""
    killed_in(point, _work, settings, job)


def killed_in(point: Point, work: Callable[..., None], *arguments: Any) -> None:
    """Let a process do some work until it is killed; that it comes so far is made sure of."""
    process = CONTEXT.Process(target=_until, args=(point, work, arguments))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL, f"it never came to {point}"


def _work(settings: Settings, job: tuple[Any, ...]) -> None:
    queue = TaskQueue(settings.data_dir, immediate=True)
    worker.prepare(settings, queue)
    if job:
        queue.enqueue(*job)


def _until(point: Point, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in point.changed.items():
            patch.setattr(name, value)
        _die_at(point)
        work(*arguments)


def _die_at(point: Point) -> None:
    seen, reached, committed = 0, False, False

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal seen, reached
        seen += statement.lstrip().startswith(point.statement)
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
