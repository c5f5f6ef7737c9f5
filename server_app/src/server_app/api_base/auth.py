"""Who sent the request: a user, by the session cookie and, for writes, the CSRF token, or by an API token."""

from collections.abc import Callable
from functools import lru_cache, wraps
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from flask import Flask, Response, g, request

from server_app.accounts import sessions
from server_app.accounts.principal import Principal
from server_app.accounts.sessions import Login
from server_app.audit import actor
from server_app.audit.actor import Actor, ActorKind
from server_app.context import context
from server_app.db import now
from server_app.errors import Forbidden, Unauthenticated
from server_app.tokens import service as tokens
from server_app.tokens.models import Scope

COOKIE = "__Host-honeysens"
"""The prefix makes browsers insist on Secure, Path=/ and no Domain: no neighbour can set it."""
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def register(app: Flask) -> None:
    """Say who acts in each request: nobody known, until a login or a certificate has been checked."""
    app.before_request(lambda: actor.become(Actor(ActorKind.ANONYMOUS, address=client_address())))
    # The thread goes on to other requests.
    app.teardown_request(lambda _error: actor.become(actor.SYSTEM))


def current_login() -> Login | None:
    """The login of this request's cookie, looked up once per request."""
    if "login" not in g:
        token = login_token()
        g.login = sessions.find(context().database, token, now()) if token else None
        if g.login is not None:
            actor.become(user_actor(g.login.principal))
    login: Login | None = g.login
    return login


def user_actor(who: Principal) -> Actor:
    """A user as the one who acts in this request."""
    return Actor(ActorKind.USER, who.user_id, who.name, address=client_address())


def login_required[R](view: Callable[..., R]) -> Callable[..., R]:
    """Hand the user to a view as `principal`: of a session (writes need its CSRF token) or of an API token."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        return view(*args, **kwargs, principal=authenticated())

    wrapper.__dict__.setdefault("_spec", {}).update(security="user")
    return wrapper


def session_required[R](view: Callable[..., R]) -> Callable[..., R]:
    """The same for what only people may do: API tokens are refused."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        if _bearer_token() is not None:
            authenticated()
            raise Forbidden("API tokens cannot do this. Log in with a password.")
        return view(*args, **kwargs, principal=authenticated())

    wrapper.__dict__.setdefault("_spec", {}).update(security="session")
    return wrapper


def authenticated() -> Principal:
    """The user of this request. A token that came along is all that counts: the cookie is not looked at.

    Raises:
        Unauthenticated: there is none.
        Forbidden: it is a write without the session's CSRF token, or by a token that may only read.
    """
    token = _bearer_token()
    if token is not None:
        return _by_token(token)
    login = current_login()
    if login is None:
        raise Unauthenticated("Nobody is logged in, or the session has ended. Log in by POST /api/sessions.")
    if request.method not in SAFE_METHODS:
        require_csrf(login, request.headers.get(CSRF_HEADER, ""))
    return login.principal


def login_token() -> str:
    """The cookie's token."""
    return request.cookies.get(COOKIE, "")


def _bearer_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _by_token(token: str) -> Principal:
    bearer = tokens.find(context().database, token, now())
    if bearer is None:
        raise Unauthenticated("The API token is not valid, or has expired. Make another by POST /api/users/me/tokens.")
    who = bearer.principal
    actor.become(Actor(ActorKind.TOKEN, who.user_id, who.name, token=bearer.name, address=client_address()))
    if bearer.scope is Scope.READ and request.method not in SAFE_METHODS:
        raise Forbidden("This API token may only read.")
    return who


def require_csrf(login: Login, given: str) -> None:
    """Raises `Forbidden` unless `given` is the login's CSRF token."""
    if not compare_digest(login.csrf_token.encode(), given.encode()):
        raise Forbidden(f"The header {CSRF_HEADER} is missing or not of this session. Send the token of the login.")


def set_cookie(response: Response, login: Login) -> None:
    """Give the browser its session."""
    response.set_cookie(COOKIE, login.token, secure=True, httponly=True, samesite="Strict", path="/")


def clear_cookie(response: Response) -> None:
    """Take it away again."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Strict", path="/")


def from_trusted_proxy() -> bool:
    """Whether the request came straight from a proxy whose headers are believed."""
    return is_in(request.remote_addr or "", context().settings.trusted_tls_proxy)


@lru_cache(maxsize=256)
def is_in(peer: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address is in one of these networks."""
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in networks)


def client_address() -> str:
    """The address of the client: what the trusted proxy says, otherwise the peer's."""
    if from_trusted_proxy():
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded
    return request.remote_addr or "unknown"
