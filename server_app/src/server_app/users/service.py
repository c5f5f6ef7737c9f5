"""Users as administrators see and change them, and as they change themselves.

Whether the acting user's password has been confirmed is the caller's business: it takes longer than a transaction may.
`rules.needs_password` says when it has to be.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from server_app.accounts.models import Role, User
from server_app.accounts.principal import Principal
from server_app.errors import NotFound
from server_app.tokens import service as tokens
from server_app.users import rules

PLAIN = ("name", "full_name", "email", "enabled", "role")


def list_users(session: Session, who: Principal) -> Sequence[User]:
    """All users by name.

    Raises:
        Forbidden: only administrators may.
    """
    who.require_admin()
    return session.scalars(select(User).order_by(User.name).options(selectinload(User.divisions))).all()


def get_user(session: Session, who: Principal, user_id: int) -> User:
    """One user.

    Raises:
        Forbidden: only administrators may.
        NotFound: there is none of this number.
    """
    who.require_admin()
    return own_user(session, user_id)


def own_user(session: Session, user_id: int) -> User:
    """A user by number, for themselves.

    Raises:
        NotFound: there is none of this number.
    """
    user = session.get(User, user_id, options=[selectinload(User.divisions)])
    if user is None:
        raise NotFound(f"There is no user {user_id}.")
    return user


def create_user(session: Session, who: Principal, values: dict[str, Any], password_hash: str, now: datetime) -> User:
    """Add a user of this server's own.

    Args:
        session: a writing one.
        who: the acting user.
        values: name, full_name, email, role, enabled, divisions (numbers), password (as typed).
        password_hash: of the password.
        now: the current moment.

    Raises:
        Forbidden: only administrators may.
        Conflict: the name is taken.
        Invalid: there is no such division, or the password is weak.
    """
    who.require_admin()
    rules.refuse_taken(session, values["name"], None)
    rules.refuse_weak(values["password"], values["name"], values["email"])
    user = User(
        password_hash=password_hash,
        divisions=rules.divisions_of(session, values["divisions"]),
        created_at=now,
        **{name: values[name] for name in PLAIN},
    )
    session.add(user)
    session.flush()
    return user


def update_user(
    session: Session, who: Principal, user_id: int, values: dict[str, Any], password_hash: str | None
) -> User:
    """Change a user: what `values` has, as for `create_user`. A new password or role ends sessions and tokens.

    Raises:
        Forbidden: only administrators may.
        NotFound: there is none of this number.
        Conflict: the name is taken, a directory has the say in this, or it is the last administrator of this server.
        Invalid: there is no such division, or the password is weak.
    """
    user = get_user(session, who, user_id)
    rules.refuse_directorys(user, values)
    if "name" in values:
        rules.refuse_taken(session, values["name"], user_id)
    if password_hash is not None:
        rules.refuse_weak(values["password"], values.get("name", user.name), values.get("email", user.email))
    ends = password_hash is not None or values.get("role", user.role) != user.role or not values.get("enabled", True)
    if rules.is_keeper(user) and (values.get("role", user.role) is not Role.ADMIN or not values.get("enabled", True)):
        rules.refuse_last(session, user)
    if "divisions" in values:
        user.divisions = rules.divisions_of(session, values["divisions"])
    for name in PLAIN:
        if name in values:
            setattr(user, name, values[name])
    if password_hash is not None:
        user.password_hash = password_hash
    if ends:
        tokens.end_logins(session, user_id)
    session.flush()
    return user


def update_self(
    session: Session, who: Principal, values: dict[str, Any], password_hash: str | None, login_token: str
) -> User:
    """Change one's own full name, mail address or password; a new password ends all other sessions and all tokens.

    Raises:
        Conflict: a directory has the say in this.
        Invalid: the password is weak.
    """
    user = own_user(session, who.user_id)
    rules.refuse_directorys(user, values)
    if password_hash is not None:
        rules.refuse_weak(values["password"], user.name, values.get("email", user.email))
        user.password_hash = password_hash
        tokens.end_logins(session, user.id, but=login_token)
    for name in ("full_name", "email"):
        if name in values:
            setattr(user, name, values[name])
    session.flush()
    return user


def delete_user(session: Session, who: Principal, user_id: int) -> None:
    """Remove a user with their sessions and tokens.

    Raises:
        Forbidden: only administrators may.
        NotFound: there is none of this number.
        Conflict: it is the last administrator of this server.
    """
    user = get_user(session, who, user_id)
    if rules.is_keeper(user):
        rules.refuse_last(session, user)
    tokens.end_logins(session, user_id)
    session.delete(user)
