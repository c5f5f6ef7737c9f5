from collections.abc import Sequence

from apiflask import APIBlueprint
from flask import Response

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required, session_required
from server_app.api_base.body import receives
from server_app.api_base.described import shows_secret
from server_app.context import context
from server_app.db import now
from server_app.tokens import service
from server_app.tokens.models import ApiToken
from server_app.tokens.schemas import TokenItem, TokenList, TokenMade, TokenRequest, token_item, token_made
from server_app.tokens.service import NewToken
from server_app.users import service as users


def make_blueprint() -> APIBlueprint:
    """`/api/users/…/tokens`: what programs log in with, by `Authorization: Bearer`."""
    blueprint = APIBlueprint("tokens", __name__, url_prefix="/api/users")

    @blueprint.get("/me/tokens")
    @blueprint.output(TokenList)
    @login_required
    def list_own(principal: Principal) -> TokenList:
        """List one's own tokens."""
        with context().database.reading() as session:
            return TokenList(items=_items(service.tokens_of(session, principal.user_id)))

    @blueprint.post("/me/tokens")
    @blueprint.output(TokenMade, status_code=201)
    @session_required
    @shows_secret
    @receives(TokenRequest)
    def create(body: TokenRequest, principal: Principal) -> TokenMade:
        """Make a token for oneself; it is shown in this answer only."""
        wanted = NewToken(body.name, body.scope, body.expires_at, body.divisions)
        with context().database.writing() as session:
            return token_made(*service.create(session, principal, wanted, now()))

    @blueprint.delete("/me/tokens/<int:token_id>")
    @blueprint.output({}, status_code=204)
    @session_required
    def revoke_own(token_id: int, principal: Principal) -> Response:
        """Revoke one of one's own tokens."""
        with context().database.writing() as session:
            service.revoke(session, principal.user_id, token_id)
        return Response(status=204)

    @blueprint.get("/<int:user_id>/tokens")
    @blueprint.output(TokenList)
    @login_required
    def list_tokens(user_id: int, principal: Principal) -> TokenList:
        """List somebody's tokens; for administrators."""
        with context().database.reading() as session:
            users.get_user(session, principal, user_id)
            return TokenList(items=_items(service.tokens_of(session, user_id)))

    @blueprint.delete("/<int:user_id>/tokens/<int:token_id>")
    @blueprint.output({}, status_code=204)
    @session_required
    def revoke(user_id: int, token_id: int, principal: Principal) -> Response:
        """Revoke somebody's token; for administrators."""
        with context().database.writing() as session:
            users.get_user(session, principal, user_id)
            service.revoke(session, user_id, token_id)
        return Response(status=204)

    return blueprint


def _items(rows: Sequence[ApiToken]) -> list[TokenItem]:
    return [token_item(row) for row in rows]
