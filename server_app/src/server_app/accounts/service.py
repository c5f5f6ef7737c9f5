"""Users, logins and logouts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from server_app import db
from server_app.accounts import passwords, throttle
from server_app.accounts.models import LoginSession, Role, User
from server_app.accounts.principal import Principal
from server_app.audit import service as audit
from server_app.audit.actor import Actor, ActorKind
from server_app.db import Database
from server_app.divisions.models import Division
from server_app.errors import Throttled, Unauthenticated

IDLE_TIMEOUT = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
SEEN_RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True)
class Login:
    """A login that holds: the cookie's token (only when just made), the token for writes, and who it is."""

    token: str
    csrf_token: str
    principal: Principal


def create_user(session: Session, name: str, password: str, role: Role, divisions: Iterable[Division] = ()) -> User:
    """Add a user; the password is stored as an argon2id hash only."""
    user = User(
        name=name, password_hash=passwords.hashed(password), role=role, divisions=list(divisions), created_at=db.now()
    )
    session.add(user)
    session.flush()
    return user


def log_in(database: Database, username: str, password: str, address: str, now: datetime) -> Login:
    """Check a password and begin a session.

    Raises:
        Throttled: too many failures of late; the password was not even looked at.
        Unauthenticated: no such user or a wrong password; which of both is not said.
    """
    # Counted before the password is looked at: attempts side by side gain nothing.
    with database.writing() as session:
        delay = throttle.seconds_to_wait(session, username, address, now)
        if delay == 0:
            throttle.count(session, username, address, now)
    if delay > 0:
        raise Throttled(f"Too many failed logins. Try again in {delay} s.", delay)
    with database.reading() as session:
        user = session.scalar(select(User).where(User.name == username))
    # Outside a transaction: hashing takes a tenth of a second, and SQLite has one writer.
    if not passwords.matches(user.password_hash if user else _nobodys_hash(), password) or user is None:
        with database.writing() as session:
            _record_failure(session, user, address)
        raise Unauthenticated("User name or password is wrong.")
    with database.writing() as session:
        throttle.forget(session, username, address)
        by = Actor(ActorKind.USER, user.id, user.name, address=address)
        audit.record(session, "login", User.audit_name, user.id, None, None, label=user.name, by=by)
        return _begin(session, user.id, now)


def find(database: Database, token: str, now: datetime) -> Login | None:
    """The login of a cookie's token; None when it is unknown, idle for too long or too old."""
    with database.reading() as session:
        with_user = joinedload(LoginSession.user).selectinload(User.divisions)
        row = session.get(LoginSession, _hash(token), options=[with_user])
        if row is None or now - row.seen_at > IDLE_TIMEOUT or now - row.created_at > LONGEST_SESSION:
            return None
        login = Login(token, row.csrf_token, principal_of(row.user))
        seen_at = row.seen_at
    if now - seen_at > SEEN_RESOLUTION:  # not a write for each request
        with database.writing() as session:
            again = session.get(LoginSession, _hash(token))
            if again is not None:
                again.seen_at = now
    return login


def log_out(database: Database, token: str) -> None:
    """End the session of a cookie's token."""
    with database.writing() as session:
        row = session.get(LoginSession, _hash(token), options=[joinedload(LoginSession.user)])
        if row is not None:
            audit.record(session, "logout", User.audit_name, row.user_id, None, None, label=row.user.name)
            session.delete(row)


def principal_of(user: User) -> Principal:
    """Who a user is for the rest of the server."""
    divisions = None if user.role is Role.ADMIN else frozenset(division.id for division in user.divisions)
    return Principal(user.id, user.name, user.role, divisions)


def _begin(session: Session, user_id: int, now: datetime) -> Login:
    session.execute(delete(LoginSession).where(LoginSession.created_at < now - LONGEST_SESSION))
    user = session.get_one(User, user_id, options=[joinedload(User.divisions)])
    token, csrf_token = token_urlsafe(32), token_urlsafe(32)
    session.add(
        LoginSession(token_hash=_hash(token), user_id=user_id, csrf_token=csrf_token, created_at=now, seen_at=now)
    )
    return Login(token, csrf_token, principal_of(user))


def _record_failure(session: Session, user: User | None, address: str) -> None:
    # A name that nobody has is not recorded: people type passwords there by mistake.
    number, name = (user.id, user.name) if user else (None, "")
    by = Actor(ActorKind.ANONYMOUS, address=address)
    audit.record(session, "login-failed", User.audit_name, number, None, None, label=name, by=by)


@cache
def _nobodys_hash() -> str:
    # Checked when there is no such user, so that the answer takes as long as for one that exists.
    return passwords.hashed(token_urlsafe())


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
