"""What this process counts. No label comes from what a client sends: routes, known methods and fixed words only."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from time import perf_counter

from apiflask import APIFlask
from flask import Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, values

from sensor_wire.v1.event import BatchResult, ItemStatus

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
        # Finding the counter of some labels takes longer than counting.
        self._requests = cache(self.requests.labels)
        self._seconds = cache(self.seconds.labels)
        self._polls = cache(self.polls.labels)
        self._events = cache(self.events.labels)

    def count(self, method: str, route: str, status: int, began: float | None) -> None:
        """Count an answered request; `began` is what `perf_counter` said, if somebody has looked."""
        self._requests(method, route, str(status)).inc()
        if began is not None:
            self._seconds(route).observe(perf_counter() - began)

    def count_poll(self, answer: str) -> None:
        """Count a poll by its answer: changed, unchanged or refused."""
        self._polls(answer).inc()

    def count_events(self, statuses: Sequence[ItemStatus]) -> None:
        """Count what became of uploaded events."""
        for status in set(statuses):
            self._events(status.value).inc(statuses.count(status))


def share(folder: Path) -> None:
    """Let all processes forked from now on count in files below `folder`, so that each can tell the sum."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call] # decided at import otherwise


def register(app: APIFlask) -> None:
    """Count the requests of an application with the `Instruments` of its extensions."""
    app.before_request(_begin)
    app.after_request(_end)


def count_events(result: BatchResult) -> None:
    """Count what became of an uploaded batch, with the `Instruments` of the current application."""
    instruments: Instruments = current_app.extensions[KEY]
    instruments.count_events([item.status for item in result.results])


def _begin() -> None:
    g.began = perf_counter()


def _end(response: Response) -> Response:
    instruments: Instruments = current_app.extensions[KEY]
    route = request.url_rule.rule if request.url_rule else "unknown"
    method = request.method if request.method in METHODS else "other"
    instruments.count(method, route, response.status_code, g.get("began"))
    if request.endpoint == POLL:
        instruments.count_poll(POLL_ANSWERS.get(response.status_code, "refused"))
    return response
