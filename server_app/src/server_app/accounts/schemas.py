from typing import Annotated

from pydantic import Field, StringConstraints

from server_app.accounts.models import Role
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
