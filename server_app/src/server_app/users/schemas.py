from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from server_app.accounts.models import Role, Source, User
from server_app.api_base.body import ApiModel
from server_app.fields import MailAddress, Name, RowId

MOST_DIVISIONS = 1000
Password = Annotated[
    str, StringConstraints(min_length=1, max_length=1024), Field(examples=["correct horse battery staple"])
]
FullName = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$"), Field(examples=["Alice Example"])
]
Divisions = Annotated[tuple[RowId, ...], Field(max_length=MOST_DIVISIONS)]
Login = Annotated[Name, Field(examples=["alice"])]


class NewUser(ApiModel):
    """A user to be made. Administrators see all divisions, whatever `divisions` says."""

    name: Login
    password: Password
    role: Role
    full_name: FullName = ""
    email: MailAddress = ""
    enabled: bool = True
    divisions: Divisions = ()


class UserChange(ApiModel):
    """What to change; what is left out stays.

    `current_password` is the acting user's own: needed for a password, and for one's own mail address or role.
    """

    name: Login = ""  # the defaults are never looked at
    password: Password = ""
    role: Role = Role.OBSERVER
    full_name: FullName = ""
    email: MailAddress = ""
    enabled: bool = True
    divisions: Divisions = ()
    current_password: Password = ""


class OwnChange(ApiModel):
    """What to change of oneself; what is left out stays. `email` and `password` need `current_password`."""

    password: Password = ""
    full_name: FullName = ""
    email: MailAddress = ""
    current_password: Password = ""


class UserItem(ApiModel):
    """A user; `source` says who checks the password."""

    id: int
    name: Login
    full_name: FullName
    email: MailAddress
    role: Role
    enabled: bool
    source: Source
    divisions: list[int]
    created_at: datetime


class UserList(ApiModel):
    """All users."""

    items: list[UserItem]
    next: None = None


def user_item(user: User) -> UserItem:
    """A row as the API shows it."""
    names = ("id", "name", "full_name", "email", "role", "enabled", "source", "created_at")
    divisions = sorted(division.id for division in user.divisions)
    return UserItem.model_validate({name: getattr(user, name) for name in names} | {"divisions": divisions})
