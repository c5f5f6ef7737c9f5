"""What this process counts. No label comes from what a client sends: routes, known methods and fixed words only."""

import os
from pathlib import Path
from time import perf_counter

from apiflask import APIFlask
from flask import Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, values

from sensor_wire.v1.event import BatchResult

KEY = "metrics"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
POLL = "polling.poll"
POLL_ANSWERS = {200: "changed", 204: "unchanged"}


class Instruments:
    """The counters of one process; several processes share them through the folder of `share`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "honeysens_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "honeysens_http_request_seconds",
            "How long requests took, by route.",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.polls = Counter("honeysens_polls", "Polls of sensors, by answer.", ("answer",), registry=self.registry)
        self.events = Counter("honeysens_events", "Events uploaded, by result.", ("result",), registry=self.registry)


def share(folder: Path) -> None:
    """Let all processes forked from now on count in files below `folder`, so that each can tell the sum."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call] # decided at import otherwise


def register(app: APIFlask) -> None:
    """Count the requests of an application with the `Instruments` of its extensions."""
    app.before_request(_begin)
    app.after_request(_end)


def count_events(result: BatchResult) -> None:
    """Count what became of an uploaded batch."""
    instruments: Instruments = current_app.extensions[KEY]
    statuses = [item.status.value for item in result.results]
    for status in set(statuses):
        instruments.events.labels(status).inc(statuses.count(status))


def _begin() -> None:
    g.began = perf_counter()


def _end(response: Response) -> Response:
    instruments: Instruments = current_app.extensions[KEY]
    route = request.url_rule.rule if request.url_rule else "unknown"
    method = request.method if request.method in METHODS else "other"
    instruments.requests.labels(method, route, str(response.status_code)).inc()
    if "began" in g:
        instruments.seconds.labels(route).observe(perf_counter() - g.began)
    if request.endpoint == POLL:
        instruments.polls.labels(POLL_ANSWERS.get(response.status_code, "refused")).inc()
    return response
