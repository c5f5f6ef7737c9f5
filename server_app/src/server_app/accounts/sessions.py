"""Sessions: what a login begins and the cookie stands for, until it is idle, old or ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from server_app.accounts.hashing import token_hash
from server_app.accounts.models import LoginSession, Role, User
from server_app.accounts.principal import Principal
from server_app.audit import service as audit
from server_app.db import Database

IDLE_TIMEOUT = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
SEEN_RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True)
class Login:
    """A login that holds: the cookie's token, the token for writes, who it is and since when."""

    token: str
    csrf_token: str
    principal: Principal
    created_at: datetime


def begin(session: Session, user_id: int, address: str, now: datetime) -> Login:
    """A new session of a user whose password or assertion has just been checked."""
    session.execute(delete(LoginSession).where(LoginSession.created_at < now - LONGEST_SESSION))
    user = session.get_one(User, user_id, options=[joinedload(User.divisions)])
    token, csrf_token = token_urlsafe(32), token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=token_hash(token),
            user_id=user_id,
            csrf_token=csrf_token,
            created_at=now,
            seen_at=now,
            address=address[:64],
        )
    )
    return Login(token, csrf_token, principal_of(user), now)


def find(database: Database, token: str, now: datetime) -> Login | None:
    """The login of a cookie's token; None when it is unknown, idle for too long, too old, or the user is disabled."""
    with database.reading() as session:
        with_user = joinedload(LoginSession.user).selectinload(User.divisions)
        row = session.get(LoginSession, token_hash(token), options=[with_user])
        if row is None or not _holds(row, now) or not row.user.enabled:
            return None
        login = Login(token, row.csrf_token, principal_of(row.user), row.created_at)
        seen_at = row.seen_at
    if now - seen_at > SEEN_RESOLUTION:  # not a write for each request
        with database.writing() as session:
            again = session.get(LoginSession, token_hash(token))
            if again is not None:
                again.seen_at = now
    return login


def sessions_of(session: Session, user_id: int, now: datetime) -> Sequence[LoginSession]:
    """A user's sessions that hold, newest first."""
    rows = session.scalars(
        select(LoginSession).where(LoginSession.user_id == user_id).order_by(LoginSession.created_at.desc())
    )
    return [row for row in rows if _holds(row, now)]


def log_out(database: Database, token: str) -> None:
    """End the session of a cookie's token."""
    with database.writing() as session:
        row = session.get(LoginSession, token_hash(token), options=[joinedload(LoginSession.user)])
        if row is not None:
            audit.record(session, "logout", User.audit_name, row.user_id, None, None, label=row.user.name)
            session.delete(row)


def end_all(session: Session, user_id: int, but: str = "") -> None:
    """End a user's sessions everywhere.

    Args:
        session: a writing one.
        user_id: whose.
        but: the cookie's token of the session that stays, if one does.
    """
    query = delete(LoginSession).where(LoginSession.user_id == user_id)
    session.execute(query.where(LoginSession.token_hash != token_hash(but)) if but else query)


def principal_of(user: User) -> Principal:
    """Who a user is for the rest of the server."""
    divisions = None if user.role is Role.ADMIN else frozenset(division.id for division in user.divisions)
    return Principal(user.id, user.name, user.role, divisions)


def _holds(row: LoginSession, now: datetime) -> bool:
    return now - row.seen_at <= IDLE_TIMEOUT and now - row.created_at <= LONGEST_SESSION
