"""The pages: what people see of the server in a browser."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server_app.accounts.sessions import Login
from server_app.api_base.auth import current_login
from server_app.db import now
from server_app.errors import Refusal, Unauthenticated
from server_app.web import event_pages, formats, login_pages, oidc_pages, sensor_pages, story
from server_app.web.security import harden


def make_blueprint() -> Blueprint:
    """Login, events and sensors, below `/`."""
    blueprint = Blueprint(
        "web", __name__, template_folder="templates", static_folder="static", static_url_path="/assets"
    )
    for name, function in FILTERS.items():
        blueprint.add_app_template_filter(function, name)
    blueprint.add_app_template_filter(lambda moment: formats.relative(moment, now()), "relative")
    blueprint.after_request(harden)
    blueprint.register_error_handler(Unauthenticated, _to_login)
    blueprint.register_error_handler(Refusal, _refused)
    blueprint.add_url_rule("/login", view_func=login_pages.login, methods=["GET", "POST"])
    blueprint.add_url_rule("/login/oidc", endpoint="oidc_start", view_func=oidc_pages.start)
    blueprint.add_url_rule("/login/oidc/callback", endpoint="oidc_back", view_func=oidc_pages.back)
    blueprint.add_url_rule("/logout", view_func=_for_people(login_pages.logout), endpoint="logout", methods=["POST"])
    blueprint.add_url_rule("/", endpoint="home", view_func=_home)
    for path, endpoint, view in (
        ("/events", "events", event_pages.events),
        ("/events/list", "event_list", event_pages.event_list),
        ("/events/sessions/<int:number>", "event_session", event_pages.event_session),
        ("/sensors", "sensors", sensor_pages.sensors),
        ("/sensors/list", "sensor_list", sensor_pages.sensor_list),
    ):
        blueprint.add_url_rule(path, endpoint=endpoint, view_func=_for_people(view))
    return blueprint


FILTERS: dict[str, Callable[..., Any]] = {
    "absolute": formats.absolute,
    "endpoint": formats.endpoint,
    "facts": story.facts_of,
    "hexdump": formats.hexdump,
    "moment": story.moment,
    "severity": formats.severity,
    "size": formats.size,
}


def _home() -> ResponseReturnValue:
    return redirect(url_for("web.events"))


def _for_people(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Hand the login to a page; who has none is asked to log in."""

    @wraps(view)
    def wrapper(**kwargs: Any) -> ResponseReturnValue:
        login: Login | None = current_login()
        if login is None:
            raise Unauthenticated("Log in to see this.")
        return view(login=login, **kwargs)

    return wrapper


def _to_login(_: Unauthenticated) -> ResponseReturnValue:
    if "HX-Request" in request.headers:
        # A page that refreshes itself must not get the login form into its middle: the whole page goes there.
        return Response(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": url_for("web.login")})
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("web.login", next=wanted))


def _refused(error: Refusal) -> ResponseReturnValue:
    page = render_template("error.html", title=HTTPStatus(error.status).phrase, detail=error.detail)
    return make_response(page, error.status)
