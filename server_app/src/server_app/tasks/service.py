"""The life of a background task: waiting, running, then done, failed or cancelled."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from server_app.db import Database, now
from server_app.tasks.models import Task, TaskState

KEEP = timedelta(days=30)
FORGOTTEN = timedelta(minutes=2)
NOTHING = "Nothing was changed."
INTERRUPTED = "The worker was stopped in the middle of this task."
CANCELLED = "Cancelled."
SECRET_WORDS = ("password", "secret", "token", "private")


def create(session: Session, kind: str, parameters: dict[str, Any], user_id: int | None) -> Task:
    """A waiting task; enqueue it after the commit."""
    task = Task(
        type=kind,
        state=TaskState.WAITING,
        progress=0,
        attempts=0,
        cancel_requested=False,
        parameters=_without_secrets(parameters),
        user_id=user_id,
        created_at=now(),
    )
    session.add(task)
    session.flush()
    return task


def start(database: Database, task_id: int) -> dict[str, Any] | None:
    """Take a waiting task.

    Returns:
        Its parameters; None when it is not waiting, so that a task enqueued twice runs once and a cancelled one never.
    """
    values = {"state": TaskState.RUNNING, "started_at": now(), "attempts": Task.attempts + 1}
    statement = (
        update(Task).where(*is_in(task_id, TaskState.WAITING)).values(values).returning(Task.parameters)
    ).execution_options(synchronize_session=False)
    with database.writing() as session:
        row = session.execute(statement).first()
        return None if row is None else dict(row[0])


def note(database: Database, task_id: int, progress: int, **parameters: Any) -> bool:
    """Say how far a running task is (0 to 100), and keep what would be needed to clean up after it.

    Returns:
        Whether somebody wants it to end.
    """
    with database.writing() as session:
        task = keep(session, task_id, **parameters)
        task.progress = progress
        return task.cancel_requested


def keep(session: Session, task_id: int, **parameters: Any) -> Task:
    """Keep something of a task with its parameters, in the transaction of what it tells of."""
    task = session.get_one(Task, task_id, with_for_update=True)
    task.parameters = task.parameters | _without_secrets(parameters)
    return task


def succeed(session: Session, task_id: int, result: dict[str, Any]) -> None:
    """End a task well, in the transaction of what it did."""
    _end(session, task_id, state=TaskState.DONE, progress=100, result=_without_secrets(result))


def end_badly(
    session: Session, task_id: int, state: TaskState, reason: str, result: dict[str, Any] | None = None
) -> None:
    """End a task of which nothing came, or only what `result` says."""
    _end(session, task_id, state=state, reason=reason, result=result)


def unfinished(database: Database) -> tuple[list[Task], list[Task]]:
    """The tasks that wait and those that run; for the worker's start, when none can really run."""
    with database.reading() as session:
        rows = session.scalars(
            select(Task).where(Task.state.in_([TaskState.WAITING, TaskState.RUNNING])).order_by(Task.id)
        ).all()
    return (
        [row for row in rows if row.state is TaskState.WAITING],
        [row for row in rows if row.state is TaskState.RUNNING],
    )


def forgotten(database: Database) -> list[Task]:
    """What has been waiting for longer than a queue with nothing in it explains."""
    waiting, _ = unfinished(database)
    return [task for task in waiting if task.created_at < now() - FORGOTTEN]


def ended_badly(database: Database, *kinds: str) -> Sequence[Task]:
    """The tasks of these kinds that failed or were cancelled, as long as they are kept."""
    badly = Task.state.in_([TaskState.FAILED, TaskState.CANCELLED])
    with database.reading() as session:
        return session.scalars(select(Task).where(Task.type.in_(kinds), badly).order_by(Task.id)).all()


def wait_again(database: Database, task_id: int) -> None:
    """Let an interrupted task start again."""
    with database.writing() as session:
        session.execute(update(Task).where(*is_in(task_id, TaskState.RUNNING)).values(state=TaskState.WAITING))


def drop_old(database: Database) -> None:
    """Forget what ended longer ago than is kept."""
    with database.writing() as session:
        session.execute(delete(Task).where(Task.finished_at < now() - KEEP))


def is_in(task_id: int, state: TaskState) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The condition that a task is in this state."""
    return Task.id == task_id, Task.state == state


def _end(session: Session, task_id: int, **values: Any) -> None:
    not_ended = Task.state.in_([TaskState.WAITING, TaskState.RUNNING])
    session.execute(update(Task).where(Task.id == task_id, not_ended).values(finished_at=now(), **values))


def _without_secrets(values: dict[str, Any]) -> dict[str, Any]:
    """The values. Tasks are shown and kept for weeks: what must stay secret goes another way."""
    for name, value in values.items():
        if any(word in name.lower() for word in SECRET_WORDS):
            raise ValueError(f"{name} looks like a secret and does not belong into a task")
        if isinstance(value, dict):
            _without_secrets(value)
    return values
