from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from server_app.accounts.hashing import token_hash
from server_app.accounts.models import LoginSession, Role
from server_app.accounts.sessions import LONGEST_SESSION
from server_app.api_base.body import ApiModel
from server_app.fields import Name


class Credentials(ApiModel):
    """What somebody types to log in."""

    username: Name
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class CurrentUser(ApiModel):
    """The logged-in user; `divisions` is null for administrators, who see all of them."""

    id: int
    name: str
    role: Role
    divisions: list[int] | None


class LoginAnswer(ApiModel):
    """A login that holds; `csrf_token` belongs into the header X-CSRF-Token of every write."""

    user: CurrentUser
    csrf_token: Annotated[str, Field(min_length=1)]


class OwnSession(ApiModel):
    """A session of the user; it ends at `ends_at` at the latest, and earlier when it is idle."""

    current: bool
    address: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


class OwnSessions(ApiModel):
    """All sessions of the user."""

    items: list[OwnSession]
    next: None = None


def session_item(row: LoginSession, own_token: str) -> OwnSession:
    """A row as the API shows it to whoever has the cookie's token."""
    return OwnSession(
        current=row.token_hash == token_hash(own_token),
        address=row.address,
        created_at=row.created_at,
        seen_at=row.seen_at,
        ends_at=row.created_at + LONGEST_SESSION,
    )
