"""Users as administrators see and change them, and as they change themselves.

Whether the acting user's password has been confirmed is the caller's business: it takes longer than a transaction may.
`needs_password` says when it has to be.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from server_app.accounts import sessions
from server_app.accounts.models import Role, Source, User
from server_app.accounts.password_rules import weakness
from server_app.accounts.principal import Principal
from server_app.divisions.models import Division
from server_app.errors import Conflict, FieldError, Invalid, NotFound
from server_app.tokens import service as tokens

PLAIN = ("name", "full_name", "email", "enabled", "role")
OF_THE_DIRECTORY = frozenset({"name", "full_name", "email", "role", "divisions", "password"})


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
    _refuse_taken(session, values["name"], None)
    refuse_weak(values["password"], values["name"], values["email"])
    user = User(
        password_hash=password_hash,
        divisions=_divisions(session, values["divisions"]),
        created_at=now,
        **{name: values[name] for name in PLAIN},
    )
    session.add(user)
    session.flush()
    return user


def needs_password(who: Principal, user_id: int, values: dict[str, Any]) -> bool:
    """Whether this change has to be confirmed: anybody's password, one's own mail address or role."""
    return "password" in values or (user_id == who.user_id and not values.keys().isdisjoint({"email", "role"}))


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
    _refuse_directorys(user, values)
    if "name" in values:
        _refuse_taken(session, values["name"], user_id)
    if password_hash is not None:
        refuse_weak(values["password"], values.get("name", user.name), values.get("email", user.email))
    ends = password_hash is not None or values.get("role", user.role) != user.role or not values.get("enabled", True)
    if _is_keeper(user) and (values.get("role", user.role) is not Role.ADMIN or not values.get("enabled", True)):
        _refuse_last(session, user)
    if "divisions" in values:
        user.divisions = _divisions(session, values["divisions"])
    for name in PLAIN:
        if name in values:
            setattr(user, name, values[name])
    if password_hash is not None:
        user.password_hash = password_hash
    if ends:
        _end_logins(session, user_id)
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
    _refuse_directorys(user, values)
    if password_hash is not None:
        refuse_weak(values["password"], user.name, values.get("email", user.email))
        user.password_hash = password_hash
        _end_logins(session, user.id, but=login_token)
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
    if _is_keeper(user):
        _refuse_last(session, user)
    _end_logins(session, user_id)
    session.delete(user)


def refuse_weak(password: str, *names: str) -> None:
    """Raises `Invalid` for a password that is too easy to guess."""
    reason = weakness(password, *names)
    if reason is not None:
        raise Invalid(f"The password {reason}. Choose another.", (FieldError("/password", reason),))


def _is_keeper(user: User) -> bool:
    # A directory's administrators do not count: it may be away, or change its mind.
    return user.role is Role.ADMIN and user.enabled and user.source is Source.LOCAL


def _refuse_last(session: Session, user: User) -> None:
    # Locked: two administrators that remove each other at the same time must not both succeed.
    keepers = User.role == Role.ADMIN, User.enabled, User.source == Source.LOCAL
    found = session.scalars(select(User.id).where(*keepers).order_by(User.id).with_for_update()).all()
    if set(found) <= {user.id}:
        raise Conflict(f"{user.name} is the last administrator of this server. Make another one first.")


def _end_logins(session: Session, user_id: int, but: str = "") -> None:
    sessions.end_all(session, user_id, but)
    tokens.revoke_all(session, user_id)


def _refuse_directorys(user: User, values: dict[str, Any]) -> None:
    wrong = sorted(OF_THE_DIRECTORY & values.keys()) if user.source is not Source.LOCAL else []
    if wrong:
        reasons = tuple(FieldError(f"/{name}", f"comes from {user.source.value}") for name in wrong)
        raise Conflict("The directory that this user comes from has the say in this. Change it there.", reasons)


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    # SQLite lowers ASCII only: both are asked.
    taken = session.scalar(select(User.id).where((User.name == name) | (func.lower(User.name) == name.lower())))
    if taken is not None and taken != own_id:
        raise Conflict("There is a user of this name. Choose another.", (FieldError("/name", "is taken"),))


def _divisions(session: Session, numbers: Sequence[int]) -> list[Division]:
    found = {row.id: row for row in session.scalars(select(Division).where(Division.id.in_(numbers)))}
    wrong = tuple(
        FieldError(f"/divisions/{place}", "no such division")
        for place, number in enumerate(numbers)
        if number not in found
    )
    if wrong:
        raise Invalid("There is no such division.", wrong)
    return list(found.values())
