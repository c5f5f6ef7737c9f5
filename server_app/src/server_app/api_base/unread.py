"""Bodies of requests that were answered before they were read.

gunicorn ends a connection on which more than 64 KiB are left, having promised the proxy to keep it: the next request
that the proxy sends there is lost, whoever's it is.
"""

from contextlib import suppress

from flask import Flask, Response, request

MOST = 8 << 20
"""Bytes that are read to keep a connection; more than any body but that of an archive has."""
PIECE = 1 << 16


def register(app: Flask) -> None:
    """Have what is left of each body read before the answer goes out."""
    app.after_request(_read_rest)


def _read_rest(response: Response) -> Response:
    left, source = MOST, request.environ["wsgi.input"]
    with suppress(OSError):  # nobody is there any more
        while left > 0 and (piece := source.read(min(left, PIECE))):
            left -= len(piece)
    return response
