"""Changing and deleting sessions: one, or many at once in transactions of bounded size."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.orm import Session

from server_app.accounts.models import Role, User, user_divisions
from server_app.accounts.principal import Principal
from server_app.audit import service as audit
from server_app.counting import service as counting
from server_app.db import now
from server_app.errors import FieldError, Invalid, NotFound
from server_app.events.changes import MAX_IDS, MassAction, SessionChange
from server_app.events.conditions import everything
from server_app.events.models import Event, EventSession
from server_app.events.searching import with_words
from server_app.forwarding import outbox
from server_app.tasks import service as tasks
from server_app.tasks.kinds import Remains
from server_app.tasks.models import TaskState
from server_app.tasks.service import NOTHING

AT_ONCE = MAX_IDS
"""Sessions that are changed in the request; more are left to a task."""
TASK = "change-sessions"


def act(session: Session, who: Principal, wanted: MassAction) -> tuple[int, int | None]:
    """Do it, or make a task of it.

    Args:
        session: a writing one.
        who: the user.
        wanted: which sessions, and what to do.

    Returns:
        The number of sessions and None, or 0 and the task to enqueue.

    Raises:
        Forbidden: the user only looks.
        NotFound: one of the ids is none that the user sees.
        Invalid: there is no such assignee.
    """
    chosen = condition(session, who, wanted)
    found = session.scalars(select(EventSession.id).where(chosen).limit(AT_ONCE + 1)).all()
    if wanted.ids is not None and (missing := set(wanted.ids) - set(found)):
        raise NotFound(f"There is no session {min(missing)}.")
    who.require_write()
    if wanted.change is not None:
        _check_assignee(session, who, wanted.change)
    if len(found) > AT_ONCE:
        task = tasks.create(session, TASK, _parameters(session, who, wanted), who.user_id)
        _record(session, wanted, None)
        return 0, task.id
    apply(session, wanted, found)
    _record(session, wanted, len(found))
    return len(found), None


def apply(session: Session, wanted: MassAction, ids: Sequence[int]) -> None:
    """Change or delete these sessions."""
    if wanted.change is None:
        remove(session, ids)
    elif ids:
        values = wanted.change.columns() | {"changed_at": now()}
        statement = update(EventSession).where(EventSession.id.in_(ids)).values(values)
        session.execute(statement.execution_options(synchronize_session=False))


def remove(session: Session, ids: Sequence[int]) -> None:
    """Delete sessions with their events; the counts stay.

    The session first: a batch that is adding to it right now is waited for, and its events then go along.
    """
    counting.hold(session)
    session.execute(delete(EventSession).where(EventSession.id.in_(ids)).execution_options(synchronize_session=False))
    outbox.note_removal(session, Event.session_id.in_(ids))
    counting.count_before_removal(session, Event.session_id.in_(ids))
    session.execute(delete(Event).where(Event.session_id.in_(ids)).execution_options(synchronize_session=False))


def condition(session: Session, who: Principal, wanted: MassAction) -> ColumnElement[bool]:
    """The rows that are meant, as far as the user sees them."""
    if wanted.filter is not None:
        chosen = everything(who, EventSession, wanted.filter)
        if wanted.filter.text is None or session.get_bind().dialect.name != "postgresql":
            return chosen
        on_shelf = [EventSession.shelf == wanted.filter.shelf]
        return and_(EventSession.id.in_(with_words(EventSession, wanted.filter.text, on_shelf)), chosen)
    seen = [] if who.divisions is None else [EventSession.division_id.in_(who.divisions)]
    return and_(EventSession.id.in_(wanted.ids or ()), *seen)


def asked(parameters: dict[str, Any]) -> tuple[Principal, MassAction, int]:
    """Who asked for what, and the last session there was, out of a task's parameters."""
    divisions = parameters["divisions"]
    who = Principal(
        user_id=parameters["user"],
        name="",
        role=Role.MANAGER,
        divisions=None if divisions is None else frozenset(divisions),
    )
    return who, MassAction.model_validate(parameters["action"]), parameters["last"]


def remains(session: Session, task_id: int, parameters: dict[str, Any], state: TaskState) -> Remains:
    """What a task has changed that was cancelled, or whose worker was killed again and again: it stays so."""
    done: int = parameters.get("done", 0)
    audit.record(session, "finished", "session", None, {"task": task_id}, {"count": done, "state": state})
    action = "deleted" if asked(parameters)[1].delete else "changed"
    return Remains(f"{done} sessions had been {action} by then, and stay so." if done else NOTHING, {"sessions": done})


def _parameters(session: Session, who: Principal, wanted: MassAction) -> dict[str, Any]:
    return {
        "user": who.user_id,
        "divisions": None if who.divisions is None else sorted(who.divisions),
        "action": _as_json(wanted),
        "last": session.scalar(select(func.max(EventSession.id))),
    }


def _as_json(wanted: MassAction) -> dict[str, Any]:
    found: dict[str, Any] = wanted.model_dump(mode="json", exclude_unset=True)
    return found


def _record(session: Session, wanted: MassAction, count: int | None) -> None:
    said = _as_json(wanted)
    which: dict[str, Any] = {name: said[name] for name in ("ids", "filter") if name in said}
    after = None if wanted.change is None else said["change"]
    name = "removed" if wanted.delete else "changed"
    audit.record(session, name, "session", None, which, {"count": count, **(after or {})})


def _check_assignee(session: Session, who: Principal, change: SessionChange) -> None:
    if change.assignee is None:
        return
    query = select(User.id).where(User.id == change.assignee)
    if who.divisions is not None:
        shared = select(user_divisions.c.user_id).where(user_divisions.c.division_id.in_(who.divisions))
        query = query.where(User.id.in_(shared))
    if session.scalar(query) is None:
        raise Invalid("There is no such user.", (FieldError("/change/assignee", "no such user"),))
