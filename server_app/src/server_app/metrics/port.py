"""The port of its own: there is `GET /metrics` and nothing else, and the other port does not have it."""

import os
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from server_app.context import Context
from server_app.metrics.collector import StateCollector
from server_app.metrics.instruments import Instruments


def scraped(context: Context, instruments: Instruments) -> bytes:
    """All metrics in Prometheus' text format: the sum of all processes, and the state of the database."""
    registry = CollectorRegistry()
    registry.register(StateCollector(context.database, context.queue))
    counted = instruments.registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # set by instruments.share
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call] # the library has no types here
    return generate_latest(counted) + generate_latest(registry)


def beside(app: WSGIApplication, port: int, scrape: Callable[[], bytes]) -> WSGIApplication:
    """`app` on every port but one, metrics on that."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # gunicorn takes the port from the socket, not from anything that the client sends.
        if environ["SERVER_PORT"] != str(port):
            return app(environ, start_response)
        if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) != ("GET", "/metrics"):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"There is GET /metrics here.\n"]
        body = scrape()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(body)))])
        return [body]

    return serve
