"""Checking passwords: to log in, and to confirm what only the owner of the account may do."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from secrets import token_urlsafe

from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app import db
from server_app.accounts import passwords, sessions, throttle
from server_app.accounts.models import Role, Source, User
from server_app.accounts.sessions import Login
from server_app.audit import service as audit
from server_app.audit.actor import Actor, ActorKind
from server_app.db import Database
from server_app.divisions.models import Division
from server_app.errors import FieldError, Forbidden, Throttled, Unauthenticated

WRONG = "User name or password is wrong."


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
    begin_attempt(database, username, address, now)
    with database.reading() as session:
        user = session.scalar(select(User).where(User.name == username))
    if not _is_password_of(user, password):
        with database.writing() as session:
            record_failure(session, user, address)
        raise Unauthenticated(WRONG)
    assert user is not None  # noqa: S101 - nobody has no password
    return complete(database, user, username, address, now)


def begin_attempt(database: Database, username: str, address: str, now: datetime) -> None:
    """Count an attempt before its password is looked at: attempts side by side gain nothing.

    Raises:
        Throttled: too many failures of late.
    """
    with database.writing() as session:
        delay = throttle.seconds_to_wait(session, username, address, now)
        if delay == 0:
            throttle.count(session, username, address, now)
    if delay > 0:
        raise Throttled(f"Too many failed logins. Try again in {delay} s.", delay)


def complete(database: Database, user: User, username: str, address: str, now: datetime) -> Login:
    """Begin the session of a user who has proved who they are."""
    with database.writing() as session:
        throttle.forget(session, username, address, now)
        by = Actor(ActorKind.USER, user.id, user.name, address=address)
        audit.record(session, "login", User.audit_name, user.id, None, None, label=user.name, by=by)
        return sessions.begin(session, user.id, address, now)


def confirm(database: Database, user_id: int, password: str, address: str, now: datetime) -> None:
    """Check that whoever has the session also knows the account's password.

    Raises:
        Throttled: too many failures of late.
        Forbidden: it is another one; the field is `/current_password`.
    """
    with database.reading() as session:
        user = session.get_one(User, user_id)
    begin_attempt(database, user.name, address, now)
    if not _is_password_of(user, password):
        with database.writing() as session:
            record_failure(session, user, address)
        reason = FieldError("/current_password", "is not your password")
        raise Forbidden("This needs your own current password.", (reason,))
    with database.writing() as session:
        attempt_succeeded(session, user.name, address, now)


def attempt_succeeded(session: Session, username: str, address: str, now: datetime) -> None:
    """Take back what `begin_attempt` has counted."""
    throttle.forget(session, username, address, now)


def record_failure(session: Session, user: User | None, address: str) -> None:
    """Record a failed login; a name that nobody has is left out, as people type passwords there by mistake."""
    number, name = (user.id, user.name) if user else (None, "")
    by = Actor(ActorKind.ANONYMOUS, address=address)
    audit.record(session, "login-failed", User.audit_name, number, None, None, label=name, by=by)


def _is_password_of(user: User | None, password: str) -> bool:
    # Outside a transaction: hashing takes a tenth of a second, and SQLite has one writer. It takes as long for users
    # that there are not, so that the time says nothing.
    known = user is not None and user.enabled and user.source is Source.LOCAL
    stored = user.password_hash if user is not None and known else _nobodys_hash()
    return passwords.matches(stored, password) and known


@cache
def _nobodys_hash() -> str:
    return passwords.hashed(token_urlsafe())
