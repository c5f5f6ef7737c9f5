from apiflask import APIBlueprint
from flask import Response, jsonify, request

from server_app.accounts import service
from server_app.accounts.principal import Principal
from server_app.accounts.schemas import Credentials, CurrentUser, LoginAnswer
from server_app.api_base.auth import COOKIE, clear_cookie, client_address, current_login, login_required, set_cookie
from server_app.api_base.body import receives
from server_app.api_base.described import refuses
from server_app.context import context
from server_app.db import now
from server_app.errors import Unauthenticated


def make_blueprint() -> APIBlueprint:
    """`/api/sessions`: log in, see who one is, log out."""
    blueprint = APIBlueprint("sessions", __name__, url_prefix="/api/sessions")

    @blueprint.post("")
    @blueprint.output(LoginAnswer)
    @refuses(401, 429)
    @receives(Credentials)
    def log_in(body: Credentials) -> Response:
        """Log in with name and password; the session is the cookie that comes back."""
        login = service.log_in(context().database, body.username, body.password, client_address(), now())
        response = jsonify(_answer(login).model_dump(mode="json"))
        set_cookie(response, login)
        return response

    @blueprint.get("")
    @blueprint.output(LoginAnswer)
    @login_required
    def current(principal: Principal) -> LoginAnswer:  # noqa: ARG001 - the decorator's check is what is wanted
        """Who is logged in."""
        login = current_login()
        if login is None:
            raise Unauthenticated("Nobody is logged in.")
        return _answer(login)

    @blueprint.delete("")
    @blueprint.output({}, status_code=204)
    @login_required
    def log_out(principal: Principal) -> Response:  # noqa: ARG001 - the decorator's check is what is wanted
        """Log out; the cookie is worth nothing afterwards."""
        service.log_out(context().database, request.cookies.get(COOKIE, ""))
        response = Response(status=204)
        clear_cookie(response)
        return response

    return blueprint


def _answer(login: service.Login) -> LoginAnswer:
    who = login.principal
    divisions = None if who.divisions is None else sorted(who.divisions)
    user = CurrentUser(id=who.user_id, name=who.name, role=who.role, divisions=divisions)
    return LoginAnswer(user=user, csrf_token=login.csrf_token)
