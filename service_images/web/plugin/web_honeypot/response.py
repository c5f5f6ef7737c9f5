"""An answer, before the claimed server adds its own headers."""

from typing import NamedTuple

HTML = "text/html; charset=UTF-8"
PLAIN = "text/plain; charset=UTF-8"


class Response(NamedTuple):
    """`headers` come beside what every answer has; `delay` is in seconds."""

    status: int
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0


def page(text: str, status: int = 200, content_type: str = HTML) -> Response:
    """Answer with a text."""
    return Response(status, text.encode("utf-8", "replace"), content_type)


def redirect(location: str, *headers: tuple[str, str]) -> Response:
    """Send the client to a path of this site."""
    return Response(302, headers=(("Location", location), *headers))
