"""Logging in by an OpenID Connect provider: there and back."""

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from server_app.api_base.auth import client_address, set_cookie
from server_app.context import context
from server_app.db import now
from server_app.directory import oidc
from server_app.errors import Unauthenticated

COOKIE = "__Host-honeysens-oidc"
LONGEST_PARAMETER = 4096


def start() -> ResponseReturnValue:
    """Send the browser to the provider."""
    address, browser = oidc.begin(context().database, _redirect_uri(), now())
    response = make_response(redirect(address))
    # Lax, not Strict: the browser comes back from another site.
    response.set_cookie(
        COOKIE, browser, secure=True, httponly=True, samesite="Lax", path="/", max_age=int(oidc.LONGEST.total_seconds())
    )
    return response


def back() -> ResponseReturnValue:
    """Accept the browser back from the provider, or show why not."""
    code, state, browser = (
        value[:LONGEST_PARAMETER]
        for value in (request.args.get("code", ""), request.args.get("state", ""), request.cookies.get(COOKIE, ""))
    )
    try:
        login = oidc.finish(
            context().database,
            _redirect_uri(),
            code=code,
            state=state,
            browser=browser,
            address=client_address(),
            now=now(),
        )
    except Unauthenticated as refusal:
        # Not the login form: it would hide the reason.
        page = render_template("error.html", title="Login refused", detail=refusal.detail)
        return _without_cookie(make_response(page, refusal.status))
    # A page of ours that goes on by itself: a redirect would still count as the other site's, and the session's cookie,
    # which is Strict, would not come along.
    response = _without_cookie(make_response(render_template("logged_in.html")))
    set_cookie(response, login)
    return response


def _without_cookie(response: Response) -> Response:
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def _redirect_uri() -> str:
    return f"{context().settings.public_url}/login/oidc/callback"
