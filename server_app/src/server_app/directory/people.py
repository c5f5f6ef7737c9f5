"""Users that a directory vouches for: made at their first login, brought up to date at each."""

from datetime import datetime

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from server_app.accounts.models import Source, User
from server_app.directory.groups import External, Standing
from server_app.divisions.models import Division
from server_app.errors import Forbidden
from server_app.fields import MailAddress, Name
from server_app.tokens import service as tokens

LOG = structlog.get_logger(__name__)
LONGEST_FULL_NAME = 100
_name = TypeAdapter[str](Name)
_email = TypeAdapter[str](MailAddress)


def admit(session: Session, source: Source, who: External, standing: Standing, now: datetime) -> User | None:
    """The row of somebody who has proved who they are.

    A role that has changed ends sessions and tokens that were begun with the old one; so does having none any more.

    Returns:
        None when they may not log in: no group of theirs has a role, or they are disabled here.

    Raises:
        Forbidden: their name belongs to somebody else here, or cannot be used.
    """
    known = User.source == source, User.external_id == who.id
    user = session.scalar(select(User).where(*known).options(selectinload(User.divisions)))
    if user is not None and standing.role != user.role:
        tokens.end_logins(session, user.id)
    if standing.role is None or (user is not None and not user.enabled):
        return None
    name = _free_name(session, who.name, user)
    if user is None:
        user = User(password_hash="", source=source, external_id=who.id, created_at=now, divisions=[])
        session.add(user)
    user.name, user.role = name, standing.role
    user.full_name = "".join(char for char in who.full_name if char.isprintable())[:LONGEST_FULL_NAME]
    user.email = _valid_email(who.email)
    divisions = list(session.scalars(select(Division).where(Division.id.in_(standing.divisions)).order_by(Division.id)))
    if {row.id for row in user.divisions} != {row.id for row in divisions}:
        user.divisions = divisions
    session.flush()
    return user


def _free_name(session: Session, wanted: str, own: User | None) -> str:
    try:
        name = _name.validate_python(wanted)
    except ValidationError as error:
        raise Forbidden("Your name in the directory is none that can be used here. Ask an administrator.") from error
    same = (User.name == name) | (func.lower(User.name) == name.lower())
    if session.scalar(select(User.id).where(same, User.id != (own.id if own else 0))) is not None:
        LOG.warning("directory_name_is_taken", name=name)
        raise Forbidden("Your name belongs to another user here. Ask an administrator.")
    return name


def _valid_email(email: str) -> str:
    try:
        return _email.validate_python(email)
    except ValidationError:
        return ""
