"""Logging in and out with a form; the session is the same as the API's."""

from urllib.parse import urlsplit

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server_app.accounts import sessions
from server_app.accounts.sessions import Login
from server_app.api_base.auth import clear_cookie, client_address, current_login, require_csrf, set_cookie
from server_app.context import context
from server_app.db import now
from server_app.directory import oidc
from server_app.directory import service as directory
from server_app.errors import Refusal
from server_app.web.security import refuse_other_sites

LONGEST_FORM = 16 * 1024
LONGEST_NAME = 50
LONGEST_PASSWORD = 1024


def login() -> ResponseReturnValue:
    """Show the form, or check what it sent and go where the user wanted to."""
    if request.method == "GET":
        wanted = _own_page(request.args.get("next", ""))
        return redirect(wanted) if current_login() else _form(wanted)
    refuse_other_sites()
    request.max_content_length = LONGEST_FORM
    wanted = _own_page(request.form.get("next", ""))
    username = request.form.get("username", "")[:LONGEST_NAME]
    password = request.form.get("password", "")[:LONGEST_PASSWORD]
    try:
        made = directory.log_in(context().database, username, password, client_address(), now())
    except Refusal as refusal:
        return make_response(_form(wanted, username, refusal.detail), refusal.status)
    response = make_response(redirect(wanted))
    set_cookie(response, made)
    return response


def logout(*, login: Login) -> ResponseReturnValue:
    """End the session."""
    require_csrf(login, request.form.get("csrf_token", ""))
    sessions.log_out(context().database, login.token)
    response = make_response(redirect(url_for("web.login")))
    clear_cookie(response)
    return response


def _form(wanted: str, username: str = "", refusal: str = "") -> str:
    by_provider = oidc.is_enabled(context().database)
    return render_template("login.html", next=wanted, username=username, refusal=refusal, oidc=by_provider)


def _own_page(wanted: str) -> str:
    """Where to go after the login: a page of ours, never another site's."""
    parts = urlsplit(wanted)
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return wanted if ours and wanted.isprintable() else url_for("web.events")
