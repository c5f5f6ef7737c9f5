"""What users may be changed to, and by what confirmation."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server_app.accounts.models import Role, Source, User
from server_app.accounts.password_rules import weakness
from server_app.accounts.principal import Principal
from server_app.divisions.models import Division
from server_app.errors import Conflict, FieldError, Invalid

OF_THE_DIRECTORY = frozenset({"name", "full_name", "email", "role", "divisions", "password"})


def needs_password(who: Principal, user_id: int, values: dict[str, Any]) -> bool:
    """Whether this change has to be confirmed: anybody's password, one's own mail address or role."""
    return "password" in values or (user_id == who.user_id and not values.keys().isdisjoint({"email", "role"}))


def refuse_weak(password: str, *names: str) -> None:
    """Raises `Invalid` for a password that is too easy to guess."""
    reason = weakness(password, *names)
    if reason is not None:
        raise Invalid(f"The password {reason}. Choose another.", (FieldError("/password", reason),))


def is_keeper(user: User) -> bool:
    """Whether this user can look after the server, whatever happens."""
    # A directory's administrators do not count: it may be away, or change its mind.
    return user.role is Role.ADMIN and user.enabled and user.source is Source.LOCAL


def refuse_last(session: Session, user: User) -> None:
    """Raises `Conflict` for the only one who can look after the server."""
    # Locked: two administrators that remove each other at the same time must not both succeed.
    keepers = User.role == Role.ADMIN, User.enabled, User.source == Source.LOCAL
    found = session.scalars(select(User.id).where(*keepers).order_by(User.id).with_for_update()).all()
    if set(found) <= {user.id}:
        raise Conflict(f"{user.name} is the last administrator of this server. Make another one first.")


def refuse_directorys(user: User, values: dict[str, Any]) -> None:
    """Raises `Conflict` for what the directory that a user comes from says."""
    wrong = sorted(OF_THE_DIRECTORY & values.keys()) if user.source is not Source.LOCAL else []
    if wrong:
        reasons = tuple(FieldError(f"/{name}", f"comes from {user.source.value}") for name in wrong)
        raise Conflict("The directory that this user comes from has the say in this. Change it there.", reasons)


def refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    """Raises `Conflict` for a name that another user has, in whatever case."""
    # SQLite lowers ASCII only: both are asked.
    taken = session.scalar(select(User.id).where((User.name == name) | (func.lower(User.name) == name.lower())))
    if taken is not None and taken != own_id:
        raise Conflict("There is a user of this name. Choose another.", (FieldError("/name", "is taken"),))


def divisions_of(session: Session, numbers: Sequence[int]) -> list[Division]:
    """The divisions of these numbers.

    Raises:
        Invalid: one of them is not there.
    """
    found = {row.id: row for row in session.scalars(select(Division).where(Division.id.in_(numbers)))}
    wrong = tuple(
        FieldError(f"/divisions/{place}", "no such division")
        for place, number in enumerate(numbers)
        if number not in found
    )
    if wrong:
        raise Invalid("There is no such division.", wrong)
    return list(found.values())
