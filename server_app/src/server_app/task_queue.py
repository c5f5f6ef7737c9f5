"""The queue between web and worker.

It lives in SQLite in the data folder: web and worker share that folder anyway, and it needs no daemon of its own.
"""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from huey import SqliteHuey, crontab  # type: ignore[import-untyped] # huey ships no types; nothing else imports it
from huey.exceptions import ResultTimeout, TaskException  # type: ignore[import-untyped] # the same
from huey.registry import Message  # type: ignore[import-untyped] # the same
from huey.serializer import Serializer  # type: ignore[import-untyped] # the same
from huey.utils import Error  # type: ignore[import-untyped] # the same

from server_app.audit import actor

URGENT = 10
type Handler = Callable[..., Any]


class TaskFailed(Exception):  # noqa: N818 - it is the task that failed, the queue works
    """The worker ran the task and it raised."""


class TaskQueue:
    """Named tasks with JSON arguments, enqueued by web and run by the worker."""

    def __init__(self, data_dir: Path, *, immediate: bool = False) -> None:
        """Open the queue.

        Args:
            data_dir: where `huey.db` is.
            immediate: run each task at once in the calling thread, without a worker.
        """
        self._huey = SqliteHuey(
            "honeysens",
            filename=str(data_dir / "huey.db"),
            serializer=_JsonSerializer(),
            fsync=True,
            store_none=True,  # otherwise a task that returns nothing never seems to end
            immediate=immediate,
        )
        self._tasks: dict[str, Callable[..., Any]] = {}

    def handle(self, name: str, handler: Handler) -> None:
        """Run `handler` for tasks of this name; for the worker."""

        # The wrapper gives the task the same full name in every process, wherever its handler was written.
        def run(*arguments: Any) -> Any:
            with actor.acting(actor.WORKER):
                return handler(*arguments)

        self._tasks[name] = self._huey.task(name=name)(run)

    def handle_daily(self, name: str, handler: Callable[[], None]) -> None:
        """Run `handler` once a day, at night; for the worker."""
        self._handle_at(crontab(minute="17", hour="3"), name, handler)

    def handle_each_ten_minutes(self, name: str, handler: Callable[[], None]) -> None:
        """Run `handler` six times an hour; for the worker."""
        self._handle_at(crontab(minute="*/10"), name, handler)

    def handle_each_minute(self, name: str, handler: Callable[[], None]) -> None:
        """Run `handler` at the start of every minute; for the worker."""
        self._handle_at(crontab(), name, handler)

    def enqueue(self, name: str, *arguments: Any, urgent: bool = False) -> Callable[[float], Any]:
        """Leave a task to the worker; an urgent one overtakes the others.

        Returns:
            A function that waits for the result, given the seconds to wait. It raises `TimeoutError` when there is none
            by then and `TaskFailed` when the task raised.
        """
        if name not in self._tasks:
            self.handle(name, _only_the_worker)
        result = self._tasks[name](*arguments, priority=URGENT if urgent else 0)

        def wait(seconds: float) -> Any:
            try:
                return result.get(blocking=True, timeout=seconds, max_delay=0.2)
            except ResultTimeout as error:
                raise TimeoutError(f"the worker did not finish {name} within {seconds} s") from error
            except TaskException as error:
                raise TaskFailed(str(error)) from error

        return wait

    def depth(self) -> int:
        """How many tasks wait for a worker."""
        waiting: int = self._huey.pending_count()
        return waiting

    def is_empty(self) -> bool:
        """Whether no task is waiting for a worker."""
        return self.depth() == 0

    def _handle_at(self, moments: Callable[[datetime], bool], name: str, handler: Callable[[], None]) -> None:
        def run() -> None:
            with actor.acting(actor.WORKER):
                handler()

        self._huey.periodic_task(moments, name=name)(run)

    def work(self, threads: int) -> None:
        """Run tasks until the process is told to end; for the worker."""
        self._huey.create_consumer(workers=threads, initial_delay=0.05, max_delay=0.5, backoff=1.2).run()


def _only_the_worker(*_: Any) -> None:
    raise RuntimeError("this task was enqueued by a process that does not run tasks; start `server-app worker`")


class _JsonSerializer(Serializer):  # type: ignore[misc] # huey ships no types
    """Tasks and results as JSON.

    huey's own choice is pickle: whoever can write to the queue could then run code in the worker, which has the CA key.
    """

    def _serialize(self, data: Any) -> bytes:
        kind = {Message: "message", Error: "error"}.get(type(data), "value")
        return json.dumps([kind, data], default=_iso).encode()

    def _deserialize(self, data: bytes) -> Any:
        kind, value = json.loads(data)
        if kind == "message":
            return Message(*value)
        return Error(*value) if kind == "error" else value


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a task's arguments and result must be JSON, not {type(value).__name__}")
