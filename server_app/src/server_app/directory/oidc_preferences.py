from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from server_app.accounts.models import Role
from server_app.directory.groups import DivisionOfGroup, RoleOfGroup
from server_app.directory.preferences import MOST_RULES, NEEDED, Line, Pem, Secret
from server_app.errors import FieldError
from server_app.preferences.section import Section

Issuer = Annotated[
    str,
    StringConstraints(
        max_length=255, pattern=r"^((https://[^/\s?#]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?)(/[^\s?#]*)?)?$"
    ),
    Field(examples=["https://login.example.com"]),
]
Claim = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:./-]{1,128}$"), Field(examples=["groups"])]


def _with_openid(scope: str) -> str:
    if "openid" not in scope.split():
        raise ValueError("must have openid")
    return scope


class OidcSection(Section):
    """Logins by an OpenID Connect provider (authorization code with PKCE).

    Register this server there with the redirect address `<public URL>/login/oidc/callback`. Whoever is in no group with
    a role, and there is no `default_role`, may not log in.
    """

    name: ClassVar[str] = "oidc"
    secrets: ClassVar[frozenset[str]] = frozenset({"client_secret"})

    enabled: bool = False
    issuer: Issuer = ""
    ca: Pem = ""
    client_id: Line = ""
    client_secret: Secret | None = None
    scope: Annotated[Line, AfterValidator(_with_openid)] = "openid profile email groups"
    name_claim: Claim = "preferred_username"
    groups_claim: Claim = "groups"
    default_role: Role | None = None
    roles: Annotated[tuple[RoleOfGroup, ...], Field(max_length=MOST_RULES)] = ()
    divisions: Annotated[tuple[DivisionOfGroup, ...], Field(max_length=MOST_RULES)] = ()

    def faults(self) -> tuple[FieldError, ...]:
        """What a provider cannot do without."""
        needed = ("issuer", "client_id", "client_secret")
        return tuple(FieldError(f"/{name}", NEEDED) for name in needed if self.enabled and not getattr(self, name))
