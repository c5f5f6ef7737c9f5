"""Whom the audit log names for what the worker does."""

from sqlalchemy.orm import Session

from server_app.accounts.models import User
from server_app.audit.actor import WORKER, Actor, ActorKind


def asker(session: Session, user_id: int | None) -> Actor:
    """Who asked for it, from the address `worker`; the worker itself where nobody did, or nobody who is still there."""
    user = None if user_id is None else session.get(User, user_id)
    return WORKER if user is None else Actor(ActorKind.USER, user.id, user.name, address=WORKER.name)
