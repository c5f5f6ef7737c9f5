"""What browsers are told about our pages, and which requests a page's form may come from."""

from flask import Response, request

from server_app.errors import Forbidden

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def harden(response: Response) -> Response:
    """Allow nothing but our own files; keep pages out of caches and of other sites' frames."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.endpoint != "web.static":
        response.headers["Cache-Control"] = "no-store"
    return response


def refuse_other_sites() -> None:
    """Refuse a form that another site sent.

    Raises:
        Forbidden: the browser says so. The login form has no session whose token it could carry.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("This form was sent by another site. Open the server's own page and try again.")
