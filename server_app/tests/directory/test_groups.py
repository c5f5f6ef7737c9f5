"""What a directory's groups make of somebody."""

import pytest

from server_app.accounts.models import Role
from server_app.directory.groups import DivisionOfGroup, RoleOfGroup, divisions_of, role_of

ADMINS, STAFF = "cn=admins,ou=groups,dc=example,dc=com", "cn=staff,ou=groups,dc=example,dc=com"
ROLES = [RoleOfGroup(group=STAFF, role=Role.OBSERVER), RoleOfGroup(group=ADMINS, role=Role.ADMIN)]


@pytest.mark.parametrize(
    ("groups", "default", "expected"),
    [
        ([], None, None),
        ([], Role.OBSERVER, Role.OBSERVER),
        ([STAFF], None, Role.OBSERVER),
        ([STAFF, ADMINS], None, Role.ADMIN),
        (["CN=Admins, OU=Groups, DC=example, DC=com"], None, Role.ADMIN),
        (["cn=admins"], None, None),
        ([f"cn=x\\,{ADMINS}"], None, None),
    ],
)
def test_role(groups: list[str], default: Role | None, expected: Role | None) -> None:
    assert role_of(groups, ROLES, default) is expected


def test_divisions() -> None:
    rules = [DivisionOfGroup(group=group, division=number) for group, number in ((STAFF, 1), (STAFF, 2), (ADMINS, 3))]
    assert divisions_of([STAFF], rules) == {1, 2}
    assert divisions_of([], rules) == set()
