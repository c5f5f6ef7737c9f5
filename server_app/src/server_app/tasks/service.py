"""The life of a background task: waiting, running, done or failed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.db import Database, now
from server_app.errors import NotFound
from server_app.paging import Page, PageRequest, newest_first
from server_app.tasks.models import Task, TaskState

KEEP = timedelta(days=30)
INTERRUPTED = "The worker was stopped in the middle of this task. Nothing was changed; start it again."


def create(session: Session, kind: str, parameters: dict[str, Any], user_id: int | None) -> Task:
    """A waiting task; enqueue it after the commit. Finished ones of long ago are dropped."""
    session.execute(delete(Task).where(Task.finished_at < now() - KEEP))
    task = Task(
        type=kind, state=TaskState.WAITING, progress=0, parameters=parameters, user_id=user_id, created_at=now()
    )
    session.add(task)
    session.flush()
    return task


def start(database: Database, task_id: int) -> dict[str, Any] | None:
    """Take a waiting task.

    Returns:
        Its parameters; None when it is not waiting, so that a task enqueued twice runs once.
    """
    waiting = Task.id == task_id, Task.state == TaskState.WAITING
    statement = (
        update(Task).where(*waiting).values(state=TaskState.RUNNING, started_at=now()).returning(Task.parameters)
    )
    with database.writing() as session:
        row = session.execute(statement).first()
        return None if row is None else dict(row[0])


def note(database: Database, task_id: int, progress: int, **parameters: Any) -> None:
    """Say how far a running task is (0 to 100), and keep what would be needed to clean up after it."""
    with database.writing() as session:
        task = session.get_one(Task, task_id)
        task.progress = progress
        task.parameters = task.parameters | parameters


def succeed(session: Session, task_id: int, result: dict[str, Any]) -> None:
    """End a task well, in the transaction of what it did."""
    _end(session, task_id, state=TaskState.DONE, progress=100, result=result)


def fail(database: Database, task_id: int, reason: str) -> None:
    """End a task with the reason why nothing came of it."""
    with database.writing() as session:
        _end(session, task_id, state=TaskState.FAILED, reason=reason)


def unfinished(database: Database) -> tuple[Sequence[Task], Sequence[Task]]:
    """The tasks that wait and those that run; for the worker's start, when none can really run."""
    with database.reading() as session:
        rows = session.scalars(
            select(Task).where(Task.state.in_([TaskState.WAITING, TaskState.RUNNING])).order_by(Task.id)
        ).all()
    return (
        [row for row in rows if row.state is TaskState.WAITING],
        [row for row in rows if row.state is TaskState.RUNNING],
    )


def list_tasks(session: Session, who: Principal, wanted: PageRequest) -> Page[Task]:
    """Tasks, newest first: administrators see all, others those they started."""
    query = select(Task)
    if not who.is_admin:
        query = query.where(Task.user_id == who.user_id)
    return newest_first(session, query, (Task.created_at, Task.id), lambda task: (task.created_at, task.id), wanted)


def get_task(session: Session, who: Principal, task_id: int) -> Task:
    """One task.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    task = session.get(Task, task_id)
    if task is None or not (who.is_admin or task.user_id == who.user_id):
        raise NotFound(f"There is no task {task_id}.")
    return task


def _end(session: Session, task_id: int, **values: Any) -> None:
    session.execute(update(Task).where(Task.id == task_id).values(finished_at=now(), **values))
