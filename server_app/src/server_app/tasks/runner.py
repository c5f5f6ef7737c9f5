"""Runs tasks of all kinds in the worker, and puts right what a killed worker has left."""

from dataclasses import dataclass, field

import structlog

from server_app.audit import actor
from server_app.db import Database
from server_app.errors import Refusal
from server_app.task_queue import TaskQueue
from server_app.tasks import service
from server_app.tasks.asker import asker
from server_app.tasks.kinds import Cancelled, Failed, Job, Remains, TaskKind
from server_app.tasks.models import Task, TaskState

MAX_ATTEMPTS = 3
"""A task that is interrupted each time it runs may be what kills the worker."""
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Runner:
    """All kinds of tasks."""

    database: Database
    queue: TaskQueue
    kinds: dict[str, TaskKind] = field(default_factory=dict)

    def register(self, kind: TaskKind) -> None:
        """Let the worker run tasks of a kind."""
        self.kinds[kind.name] = kind
        self.queue.handle(kind.name, lambda task_id: self.run(kind, task_id))

    def run(self, kind: TaskKind, task_id: int) -> None:
        """Run a task that waits; clean up after one that was cancelled before."""
        parameters = service.start(self.database, task_id)
        if parameters is None:
            self._clean_up_cancelled(kind, task_id)
            return
        with self.database.reading() as session:
            by = asker(session, session.get_one(Task, task_id).user_id)
        try:
            with actor.acting(by):
                kind.run(Job(self.database, task_id, parameters))
        except Exception as error:  # noqa: BLE001 - whatever it is, the task has ended and says so
            self._end(task_id, error)
        else:
            self._clean_up(kind, task_id)

    def recover(self) -> None:
        """Before the worker's first task, when none can really be running: resume or fail those, enqueue what waits."""
        waiting, interrupted = service.unfinished(self.database)
        for task in interrupted:
            kind = self.kinds.get(task.type)
            LOG.warning("task_interrupted", task=task.id, type=task.type)
            if kind is not None and kind.resumes and task.attempts < MAX_ATTEMPTS and not task.cancel_requested:
                service.wait_again(self.database, task.id)
                waiting.append(task)
            elif task.cancel_requested:
                self._end(task.id, Cancelled())
            else:
                self._end(task.id, Failed(service.INTERRUPTED))
        for task in waiting:
            self._enqueue(task)

    def enqueue_forgotten(self) -> None:
        """Each minute: enqueue what waits though the queue is empty, as after a crash between commit and queue."""
        if self.queue.is_empty():
            for task in service.forgotten(self.database):
                self._enqueue(task)

    def drop_old(self) -> None:
        """Once a day: forget what ended long ago."""
        service.drop_old(self.database)

    def _enqueue(self, task: Task) -> None:
        if task.type in self.kinds:
            self.queue.enqueue(task.type, task.id)
        else:
            self._end(task.id, Failed("This version of the server has no tasks of this type."))

    def _end(self, task_id: int, error: Exception) -> None:
        """Clean up first: killed in between, the task still counts as running and is cleaned up again."""
        with self.database.reading() as session:
            task = session.get_one(Task, task_id)
        kind = self.kinds.get(task.type)
        if kind is not None:
            self._clean_up(kind, task_id)
        state, reason = _outcome(task, error)
        with self.database.writing() as session, actor.acting(asker(session, task.user_id)):
            remains = kind.remains(session, task_id, task.parameters, state) if kind is not None else Remains()
            service.end_badly(session, task_id, state, _with(reason, remains.said), remains.result)

    def _clean_up_cancelled(self, kind: TaskKind, task_id: int) -> None:
        with self.database.reading() as session:
            task = session.get(Task, task_id)
        if task is not None and task.state is TaskState.CANCELLED:
            self._clean_up(kind, task_id)

    def _clean_up(self, kind: TaskKind, task_id: int) -> None:
        with self.database.reading() as session:
            parameters = session.get_one(Task, task_id).parameters
        try:
            kind.clean_up(task_id, parameters)
        except Exception:
            LOG.exception("task_not_cleaned_up", task=task_id, type=kind.name)


def _with(reason: str, said: str) -> str:
    """The reason with what stays. That nothing does is only worth a word where the reason does not tell."""
    if said != service.NOTHING or reason == service.CANCELLED:
        return f"{reason} {said}"
    return f"{reason} {said} Start it again." if reason == service.INTERRUPTED else reason


def _outcome(task: Task, error: Exception) -> tuple[TaskState, str]:
    """How the task ends and why; the log says more."""
    about = {"task": task.id, "type": task.type}
    match error:
        case Cancelled():
            LOG.info("task_cancelled", **about)
            return TaskState.CANCELLED, service.CANCELLED
        case Refusal():
            LOG.warning("task_refused", **about, detail=error.detail)
            return TaskState.FAILED, error.detail
        case Failed():
            LOG.error("task_failed", **about, detail=str(error))
            return TaskState.FAILED, str(error)
        case _:
            LOG.error("task_broken", **about, exc_info=error)
            return TaskState.FAILED, "The server made a mistake; its log has the details."
