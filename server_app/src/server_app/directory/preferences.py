from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from server_app.accounts.models import Role
from server_app.at_rest.hidden import Given, Hidden
from server_app.directory.groups import DivisionOfGroup, RoleOfGroup
from server_app.errors import FieldError
from server_app.preferences.section import Section

MOST_RULES = 200
NEEDED = "is needed while logins this way are enabled"


def _with_a_port(url: str) -> str:
    urlsplit(url).port  # noqa: B018 - raises ValueError when it is none
    return url


def _for_a_user(text: str) -> str:
    if "{username}" not in text:
        raise ValueError("must have {username}")
    return text


Line = Annotated[str, StringConstraints(max_length=512, pattern=r"^[^\x00-\x1f\x7f]*$")]
Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
Filter = Annotated[
    str,
    StringConstraints(max_length=512, pattern=r"^\([^\x00-\x1f\x7f]*\)$"),
    Field(examples=["(uid={username})"]),
]
Url = Annotated[
    str,
    StringConstraints(max_length=255, pattern=r"^(ldaps?://[A-Za-z0-9.:\[\]-]+)?$"),
    AfterValidator(_with_a_port),
    Field(examples=["ldaps://directory.example.com"]),
]
Pem = Annotated[str, StringConstraints(max_length=65536)]
Secret = Annotated[Hidden, Given(Annotated[str, StringConstraints(min_length=1, max_length=1024)])]


class LdapSection(Section):
    """Logins by an LDAP directory, for names that this server does not have itself.

    `{username}` in `user_filter` is what was typed, `{dn}` in `group_filter` the user's distinguished name. Without
    `group_base`, the groups are those in the user's `group_attribute`. Whoever is in no group with a role, and there is
    no `default_role`, may not log in. The connection is always encrypted: `ldaps://`, or `ldap://` with `start_tls`.
    """

    name: ClassVar[str] = "ldap"
    secrets: ClassVar[frozenset[str]] = frozenset({"bind_password"})

    enabled: bool = False
    url: Url = ""
    start_tls: bool = False
    ca: Pem = ""
    bind_dn: Line = ""
    bind_password: Secret | None = None
    user_base: Line = ""
    user_filter: Annotated[Filter, AfterValidator(_for_a_user)] = "(uid={username})"
    id_attribute: Attribute = "entryUUID"
    name_attribute: Attribute = "uid"
    full_name_attribute: Attribute = "cn"
    email_attribute: Attribute = "mail"
    group_attribute: Attribute = "memberOf"
    group_base: Line = ""
    group_filter: Filter = "(member={dn})"
    default_role: Role | None = None
    roles: Annotated[tuple[RoleOfGroup, ...], Field(max_length=MOST_RULES)] = ()
    divisions: Annotated[tuple[DivisionOfGroup, ...], Field(max_length=MOST_RULES)] = ()

    def faults(self) -> tuple[FieldError, ...]:
        """What a directory cannot do without, and that no password goes unencrypted."""
        found = [
            FieldError(f"/{name}", NEEDED) for name in ("url", "user_base") if self.enabled and not getattr(self, name)
        ]
        if self.url.startswith("ldap://") and not self.start_tls:
            found.append(FieldError("/url", "passwords are not sent unencrypted: use ldaps:// or start_tls"))
        return tuple(found)
