"""Parts of pages that refresh themselves: sent only when they changed."""

from collections.abc import Iterable
from hashlib import blake2b
from http import HTTPStatus

from flask import Response, request


def version_of(parts: Iterable[object]) -> str:
    """A short name for a state: equal exactly when its parts are. The page sends it back with its next question."""
    return blake2b(repr(list(parts)).encode(), digest_size=12).hexdigest()


def unchanged(version: str) -> Response | None:
    """The answer that makes htmx leave the page alone, if the page already shows this version."""
    return Response(status=HTTPStatus.NO_CONTENT) if request.args.get("version") == version else None
