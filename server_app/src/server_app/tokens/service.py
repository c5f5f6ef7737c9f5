"""API tokens: made by their user, worth what the user is worth at most, until they expire or are revoked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload, selectinload

from server_app.accounts import sessions
from server_app.accounts.hashing import token_hash
from server_app.accounts.models import Role, User
from server_app.accounts.principal import Principal
from server_app.db import Database
from server_app.divisions.models import Division
from server_app.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from server_app.tokens.models import ApiToken, Scope

PREFIX = "hst_"
"""So that people and scanners recognise a token where it should not be."""
LONGEST_LIFE = timedelta(days=366)
MOST_PER_USER = 50
USED_RESOLUTION = timedelta(minutes=1)
KEEP_EXPIRED = timedelta(days=30)


@dataclass(frozen=True)
class NewToken:
    """What somebody asks for; `divisions` null means all of the user's."""

    name: str
    scope: Scope
    expires_at: datetime
    divisions: tuple[int, ...] | None


@dataclass(frozen=True)
class Bearer:
    """Who a valid token speaks for, and what it may do."""

    principal: Principal
    name: str
    scope: Scope


def create(session: Session, who: Principal, wanted: NewToken, now: datetime) -> tuple[ApiToken, str]:
    """Make a token for oneself.

    Returns:
        The row, and the token itself, which nobody can see again.

    Raises:
        Forbidden: it may do more than the user.
        Invalid: it ends in the past or too late, or names a division that the user does not see.
        Conflict: the user has too many.
    """
    if wanted.scope is Scope.WRITE and not who.may_write:
        raise Forbidden("Observers can only look, and so can their tokens.", (FieldError("/scope", "must be read"),))
    if not now < wanted.expires_at <= now + LONGEST_LIFE:
        reason = f"must be after now and within {LONGEST_LIFE.days} days"
        raise Invalid("The token would be of no use, or for too long.", (FieldError("/expires_at", reason),))
    expired = ApiToken.expires_at < now - KEEP_EXPIRED
    session.execute(delete(ApiToken).where(ApiToken.user_id == who.user_id, expired))
    if len(tokens_of(session, who.user_id)) >= MOST_PER_USER:
        raise Conflict(f"A user has {MOST_PER_USER} tokens at most. Revoke one first.")
    secret = PREFIX + token_urlsafe(32)
    row = ApiToken(
        user_id=who.user_id,
        name=wanted.name,
        token_hash=token_hash(secret),
        scope=wanted.scope,
        limited=wanted.divisions is not None,
        created_at=now,
        expires_at=wanted.expires_at,
        last_used_at=None,
        divisions=_visible(session, who, wanted.divisions or ()),
    )
    session.add(row)
    session.flush()
    return row, secret


def tokens_of(session: Session, user_id: int) -> Sequence[ApiToken]:
    """A user's tokens, newest first."""
    query = select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())
    return session.scalars(query.options(selectinload(ApiToken.divisions))).all()


def revoke(session: Session, user_id: int, token_id: int) -> None:
    """End a token of a user.

    Raises:
        NotFound: the user has none of this number.
    """
    row = session.get(ApiToken, token_id)
    if row is None or row.user_id != user_id:
        raise NotFound(f"There is no token {token_id}.")
    session.delete(row)


def end_logins(session: Session, user_id: int, but: str = "") -> None:
    """End all tokens of a user, and the sessions but the one whose cookie's token is `but`."""
    sessions.end_all(session, user_id, but)
    for row in tokens_of(session, user_id):
        session.delete(row)


def find(database: Database, secret: str, now: datetime) -> Bearer | None:
    """Who a token speaks for; None when it is unknown or has expired, or its user is disabled."""
    with database.reading() as session:
        options = joinedload(ApiToken.user).selectinload(User.divisions), selectinload(ApiToken.divisions)
        row = session.scalar(select(ApiToken).where(ApiToken.token_hash == token_hash(secret)).options(*options))
        if row is None or row.expires_at <= now or not row.user.enabled:
            return None
        bearer = Bearer(_principal(row), row.name, row.scope)
    if row.last_used_at is None or now - row.last_used_at > USED_RESOLUTION:  # not a write for each request
        with database.writing() as session:
            again = session.get(ApiToken, row.id)
            if again is not None:
                again.last_used_at = now
    return bearer


def _principal(row: ApiToken) -> Principal:
    who = sessions.principal_of(row.user)
    if not row.limited:
        return who
    divisions = frozenset(division.id for division in row.divisions if who.sees(division.id))
    # Of an administrator, a token for some divisions has no say in what all of them share.
    return replace(who, role=Role.MANAGER if who.role is Role.ADMIN else who.role, divisions=divisions)


def _visible(session: Session, who: Principal, numbers: Sequence[int]) -> list[Division]:
    found = {row.id: row for row in session.scalars(select(Division).where(Division.id.in_(numbers)))}
    wrong = [place for place, number in enumerate(numbers) if number not in found or not who.sees(number)]
    if wrong:
        reasons = tuple(FieldError(f"/divisions/{place}", "no such division") for place in wrong)
        raise Invalid("There is no such division.", reasons)
    return list(found.values())
