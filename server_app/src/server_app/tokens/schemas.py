from datetime import datetime
from typing import Annotated

from pydantic import Field

from server_app.api_base.body import ApiModel
from server_app.fields import Moment, Name, RowId
from server_app.tokens.models import ApiToken, Scope

MOST_DIVISIONS = 100


class TokenRequest(ApiModel):
    """A token to be made; `divisions` null means all of the user's, `expires_at` is a year away at most."""

    name: Annotated[Name, Field(examples=["ticket system"])]
    scope: Scope
    expires_at: Moment
    divisions: Annotated[tuple[RowId, ...], Field(min_length=1, max_length=MOST_DIVISIONS)] | None = None


class TokenItem(ApiModel):
    """A token, without itself; `divisions` is null when it is good for all of the user's."""

    id: int
    name: Annotated[str, Field(examples=["ticket system"])]
    scope: Scope
    divisions: list[int] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class TokenMade(TokenItem):
    """A new token; `token` is shown this once."""

    token: Annotated[str, Field(examples=["hst_Qk3v0x7mF0l3u2cX3bqkq1Q2vA4Yk6h9s8d7f6g5h4j"])]


class TokenList(ApiModel):
    """All tokens of a user."""

    items: list[TokenItem]
    next: None = None


def token_item(row: ApiToken) -> TokenItem:
    """A row as the API shows it."""
    return TokenItem.model_validate(_shown(row))


def token_made(row: ApiToken, secret: str) -> TokenMade:
    """A row as the API shows it once, with the token."""
    return TokenMade.model_validate(_shown(row) | {"token": secret})


def _shown(row: ApiToken) -> dict[str, object]:
    divisions = [division.id for division in row.divisions] if row.limited else None
    names = ("id", "name", "scope", "created_at", "expires_at", "last_used_at")
    return {name: getattr(row, name) for name in names} | {"divisions": divisions}
