from apiflask import APIBlueprint
from flask import Response, jsonify

from server_app.accounts import sessions
from server_app.accounts.models import User
from server_app.accounts.principal import Principal
from server_app.accounts.schemas import Credentials, CurrentUser, LoginAnswer, OwnSessions, session_item
from server_app.accounts.sessions import Login
from server_app.api_base.auth import (
    clear_cookie,
    client_address,
    current_login,
    login_token,
    session_required,
    set_cookie,
)
from server_app.api_base.body import receives
from server_app.api_base.described import refuses
from server_app.audit import service as audit
from server_app.context import context
from server_app.db import now
from server_app.directory import service as directory
from server_app.errors import Unauthenticated


def make_blueprint() -> APIBlueprint:
    """`/api/sessions`: log in, see who one is, log out."""
    blueprint = APIBlueprint("sessions", __name__, url_prefix="/api/sessions")

    @blueprint.post("")
    @blueprint.output(LoginAnswer)
    @refuses(401, 403, 429, 503)
    @receives(Credentials)
    def log_in(body: Credentials) -> Response:
        """Log in with name and password; the session is the cookie that comes back."""
        login = directory.log_in(context().database, body.username, body.password, client_address(), now())
        response = jsonify(_answer(login).model_dump(mode="json"))
        set_cookie(response, login)
        return response

    @blueprint.get("")
    @blueprint.output(LoginAnswer)
    @session_required
    def current(principal: Principal) -> LoginAnswer:  # noqa: ARG001 - the decorator's check is what is wanted
        """Who is logged in."""
        login = current_login()
        if login is None:
            raise Unauthenticated("Nobody is logged in.")
        return _answer(login)

    @blueprint.delete("")
    @blueprint.output({}, status_code=204)
    @session_required
    def log_out(principal: Principal) -> Response:  # noqa: ARG001 - the decorator's check is what is wanted
        """Log out; the cookie is worth nothing afterwards."""
        sessions.log_out(context().database, login_token())
        response = Response(status=204)
        clear_cookie(response)
        return response

    @blueprint.get("/all")
    @blueprint.output(OwnSessions)
    @session_required
    def list_sessions(principal: Principal) -> OwnSessions:
        """List one's own sessions, newest first."""
        with context().database.reading() as session:
            rows = sessions.sessions_of(session, principal.user_id, now())
            return OwnSessions(items=[session_item(row, login_token()) for row in rows])

    @blueprint.delete("/all")
    @blueprint.output({}, status_code=204)
    @session_required
    def log_out_everywhere(principal: Principal) -> Response:
        """End all of one's own sessions, this one too; API tokens stay."""
        with context().database.writing() as session:
            sessions.end_all(session, principal.user_id)
            audit.record(session, "logout", User.audit_name, principal.user_id, None, None, label=principal.name)
        response = Response(status=204)
        clear_cookie(response)
        return response

    return blueprint


def _answer(login: Login) -> LoginAnswer:
    who = login.principal
    divisions = None if who.divisions is None else sorted(who.divisions)
    user = CurrentUser(id=who.user_id, name=who.name, role=who.role, divisions=divisions)
    return LoginAnswer(user=user, csrf_token=login.csrf_token)
