"""Tasks as people follow and cancel them."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.audit import service as audit
from server_app.db import now
from server_app.errors import Conflict, NotFound
from server_app.paging import Page, PageRequest, newest_first
from server_app.tasks.models import Task, TaskState
from server_app.tasks.service import CANCELLED, NOTHING, is_in


def list_tasks(
    session: Session, who: Principal, wanted: PageRequest, state: TaskState | None = None, kind: str | None = None
) -> Page[Task]:
    """Tasks, newest first: administrators see all, others those they started."""
    query = select(Task)
    if not who.is_admin:
        query = query.where(Task.user_id == who.user_id)
    if state is not None:
        query = query.where(Task.state == state)
    if kind is not None:
        query = query.where(Task.type == kind)
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


def cancel(session: Session, who: Principal, task_id: int) -> Task:
    """Let a waiting task never run, and ask a running one to end at its next safe point; asked again, the same.

    One that waits to go on after its worker was killed ends as one that runs: it may have done something.

    Raises:
        NotFound: there is none of this number that the user sees.
        Conflict: it has ended otherwise.
    """
    before = get_task(session, who, task_id).cancel_requested
    reason = f"{CANCELLED} {NOTHING}"
    ended = {"state": TaskState.CANCELLED, "finished_at": now(), "reason": reason, "cancel_requested": True}
    session.execute(update(Task).where(*is_in(task_id, TaskState.WAITING), Task.attempts == 0).values(ended))
    for state in (TaskState.WAITING, TaskState.RUNNING):
        session.execute(update(Task).where(*is_in(task_id, state)).values(cancel_requested=True))
    task = session.get_one(Task, task_id, populate_existing=True)
    if task.state in {TaskState.DONE, TaskState.FAILED}:
        raise Conflict(f"Task {task_id} has ended; there is nothing to cancel.")
    if not before:
        audit.record(session, "cancelled", Task.audit_name, task_id, None, {"type": task.type})
    return task
