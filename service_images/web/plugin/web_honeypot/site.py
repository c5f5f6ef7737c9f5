"""The site without any hole: pages of the skin, its files, logins that fail, and the server's own errors."""

import hashlib
import secrets
from email.utils import formatdate

from web_honeypot import servers
from web_honeypot.logins import Login
from web_honeypot.persona import Persona
from web_honeypot.request import Request
from web_honeypot.response import PLAIN, Response, page, redirect
from web_honeypot.skins import Skin, skin

_BUILT = 1_741_610_000
"""When the files of the site are from, in seconds since the epoch."""
_ALLOW = "GET,POST,OPTIONS,HEAD"
_KNOWN = frozenset(
    ("PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK")
)
_NO_CACHE = (
    ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate"),
    ("Pragma", "no-cache"),
)


def respond(persona: Persona, request: Request, login: Login | None = None, *, accepted: bool = False) -> Response:
    """Answer a request.

    Args:
        persona: who answers.
        request: what came.
        login: what it tries to log in with.
        accepted: whether that is let in.
    """
    look = skin(persona)
    ready = _method(persona, request) or _file(persona, look, request)
    if ready is not None:
        return ready
    if realm := look.realm(request.path):
        return _basic(persona, look, request, realm, accepted=accepted and login is not None)
    if login is not None and login.way == "form" and request.method == "POST":
        return _after_login(persona, look, request, login, accepted=accepted)
    return _page(persona, look, request)


def token(persona: Persona) -> str:
    """The session that a login which is let in gets."""
    return persona.secret("session", 26).lower()


def _page(persona: Persona, look: Skin, request: Request) -> Response:
    inside = request.path == look.inside
    if inside and request.cookies.get(look.cookie) == token(persona):
        return _dynamic(persona, look, request, look.render("inside") or "")
    target = look.login if inside else look.redirects.get(request.path)
    if target is not None:
        return redirect(target, *_powered(persona))
    text = look.render(request.path)
    if text is not None:
        return _dynamic(persona, look, request, text)
    return servers.error(persona, 404, request.header("host"), request.port)


def _method(persona: Persona, request: Request) -> Response | None:
    host, port = request.header("host"), request.port
    match request.method:
        case "GET" | "HEAD" | "POST":
            return None
        case "OPTIONS":
            return Response(
                200, headers=(("Allow", _ALLOW if persona.server == "apache" else "OPTIONS, TRACE, GET, HEAD, POST"),)
            )
        case "TRACE" if persona.server == "apache":
            return Response(200, request.raw, "message/http")
        case method if method in _KNOWN or persona.server != "apache":
            refused = servers.error(persona, 405, host, port)
            return refused._replace(headers=(*refused.headers, ("Allow", _ALLOW)))
    return servers.error(persona, 501, host, port)


def _file(persona: Persona, look: Skin, request: Request) -> Response | None:
    files = {
        "/favicon.ico": (look.icon, "image/vnd.microsoft.icon"),
        "/robots.txt": (look.robots.encode(), PLAIN.partition(";")[0]),
        "/assets/style.css": (look.style, "text/css"),
    }
    known = files.get(request.path)
    if known is None:
        return None
    content, kind = known
    changed = _BUILT + persona.identity.number("site built", 180 * 86400)
    tag = hashlib.sha256(content + persona.identity.derive("etag")).hexdigest()[:12]
    headers = (
        ("Last-Modified", formatdate(changed, usegmt=True)),
        ("ETag", f'"{len(content):x}-{tag}"'),
        ("Accept-Ranges", "bytes"),
    )
    return Response(200, content, kind, headers)


def _basic(persona: Persona, look: Skin, request: Request, realm: str, *, accepted: bool) -> Response:
    if accepted:
        return page(look.render("inside") or "")
    text = look.render("refused")
    refused = page(text, 401) if text else servers.error(persona, 401, request.header("host"), request.port)
    return refused._replace(headers=(("WWW-Authenticate", f'Basic realm="{realm}"'), *refused.headers))


def _after_login(persona: Persona, look: Skin, request: Request, login: Login, *, accepted: bool) -> Response:
    if accepted:
        cookie = ("Set-Cookie", f"{look.cookie}={token(persona)}; path=/; HttpOnly")
        return redirect(look.inside, *_powered(persona), cookie)
    path = request.path if request.path in look.pages else look.login
    return _dynamic(
        persona,
        look,
        request,
        look.render(path, look.failure.replace("$user", login.username[:64]), login.username) or "",
    )


def _dynamic(persona: Persona, look: Skin, request: Request, text: str) -> Response:
    """A page made by the application, which starts a session where there is none."""
    cookie = f"{look.cookie}={secrets.token_hex(13)}; path=/; HttpOnly"
    session = () if look.cookie in request.cookies else (("Set-Cookie", cookie),)
    return page(text)._replace(headers=(*_powered(persona), *session, *_NO_CACHE))


def _powered(persona: Persona) -> tuple[tuple[str, str], ...]:
    return (("X-Powered-By", "ASP.NET"),) if persona.server == "iis" else ()
