"""From what a directory says of somebody to what they are here: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

from server_app.accounts.models import Role
from server_app.api_base.model import ApiModel
from server_app.fields import RowId

Group = Annotated[
    str,
    StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(examples=["cn=honeysens-managers,ou=groups,dc=example,dc=com"]),
]
HIGHEST_FIRST = (Role.ADMIN, Role.MANAGER, Role.OBSERVER)


class RoleOfGroup(ApiModel):
    """Members of the group have the role; the highest counts."""

    group: Group
    role: Role


class DivisionOfGroup(ApiModel):
    """Members of the group belong to the division."""

    group: Group
    division: RowId


@dataclass(frozen=True)
class External:
    """Somebody who has proved to a directory who they are. `id` never changes there, unlike the name."""

    id: str
    name: str
    full_name: str
    email: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """What the directory's groups make of somebody; role None: they may not log in."""

    role: Role | None
    divisions: frozenset[int]


def standing_of(
    who: External, roles: Iterable[RoleOfGroup], default: Role | None, divisions: Iterable[DivisionOfGroup]
) -> Standing:
    """What somebody is here by their groups."""
    return Standing(role_of(who.groups, roles, default), divisions_of(who.groups, divisions))


def role_of(groups: Iterable[str], rules: Iterable[RoleOfGroup], default: Role | None) -> Role | None:
    """The highest role of the groups; the default when none has one; None: they may not log in."""
    member_of = {_plain(group) for group in groups}
    roles = {rule.role for rule in rules if _plain(rule.group) in member_of}
    return next((role for role in HIGHEST_FIRST if role in roles), default)


def divisions_of(groups: Iterable[str], rules: Iterable[DivisionOfGroup]) -> frozenset[int]:
    """The divisions of the groups."""
    member_of = {_plain(group) for group in groups}
    return frozenset(rule.division for rule in rules if _plain(rule.group) in member_of)


def _plain(group: str) -> str:
    # Distinguished names are the same whatever their case, and with or without a space behind the comma.
    return ",".join(part.strip() for part in group.casefold().split(","))
