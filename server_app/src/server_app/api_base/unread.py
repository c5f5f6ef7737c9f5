"""Bodies of requests that were answered before they were read.

gunicorn ends a connection on which more than 64 KiB are left, having promised the proxy to keep it: the next request
that the proxy sends there is lost, whoever's it is.
"""

from contextlib import suppress

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

MOST = 8 << 20
"""Bytes that are read to keep a connection; more than any body but that of an archive has."""
PIECE = 1 << 16


def register(app: Flask) -> None:
    """Have what is left of each body read before the answer goes out."""
    app.after_request(_read_rest)


def _read_rest(response: Response) -> Response:
    left = MOST
    # nobody is there any more, or a server that ends such a connection itself refused the length
    with suppress(OSError, BadRequest, RequestEntityTooLarge):
        # only where the server marks a body's end may one read on by oneself: elsewhere one would wait for ever
        source = request.environ["wsgi.input"] if "wsgi.input_terminated" in request.environ else request.stream
        while left > 0 and (piece := source.read(min(left, PIECE))):
            left -= len(piece)
    return response
