"""The figures of reading: event lists on their first and 1,000th page, by each filter, and the dashboard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median

from bench.admin import Admin
from bench.progress import Progress
from bench.results import Result, result
from bench.statistics import percentile
from bench.subject import Scale

type Timings = dict[str, list[float]]
"""Milliseconds of each request, by what was asked."""
EVENTS = "/events"
PAGE, LONGEST_PAGE, DEEP = 50, 200, 1000
WARM_UP = 3


@dataclass(frozen=True)
class Reader:
    """Reads lists as an administrator does, one request after the other."""

    admin: Admin
    scale: Scale
    progress: Progress

    def lists(self) -> Timings:
        """The list of events: pages 1 and 1,000 without a filter, then page 1 with each filter alone."""
        queries: dict[str, dict[str, str]] = {"page 1": {}}
        cursor = self._cursor_of_page(DEEP)
        if cursor:
            queries[f"page {DEEP:,}"] = {"cursor": cursor}
        queries |= {f"{name}={value}": {name: value} for name, value in self._filters(cursor)}
        return {name: self._timed(name, EVENTS, {"limit": str(PAGE)} | query) for name, query in queries.items()}

    def dashboard_paths(self) -> list[str]:
        """What the dashboard is made of: everything below `/api/stats` that needs no more than its address."""
        known = self.admin.get("/openapi.json")["paths"]
        return [
            path.removeprefix("/api")
            for path, methods in known.items()
            if path.startswith("/api/stats") and "get" in methods and "{" not in path
        ]

    def dashboard(self, paths: Sequence[str]) -> Timings:
        """Each request that makes up the dashboard."""
        return {path: self._timed(path, path, {}) for path in paths}

    def _timed(self, name: str, path: str, query: dict[str, str]) -> list[float]:
        for _ in range(WARM_UP):
            self.admin.seconds(path, query)
        milliseconds = [self.admin.seconds(path, query) * 1000 for _ in range(self.scale.samples)]
        self.progress.say(f"{name}: {median(milliseconds):.1f} ms")
        return milliseconds

    def _cursor_of_page(self, page: int) -> str | None:
        """The cursor of a page of `PAGE` items; None when the list is shorter."""
        whole, rest = divmod((page - 1) * PAGE, LONGEST_PAGE)
        cursor: str | None = None
        for limit in chain([LONGEST_PAGE] * whole, [rest] if rest else []):
            query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
            cursor = self.admin.get(EVENTS, query)["next"]
            if cursor is None:
                return None
        return cursor

    def _filters(self, cursor: str | None) -> Iterator[tuple[str, str]]:
        """The filters this server has, each with a value that an event on that page has."""
        page = self.admin.get(EVENTS, {"limit": "1"} | ({"cursor": cursor} if cursor else {}))
        if not page["items"]:
            return
        known = self.admin.get("/openapi.json")["paths"]["/api/events"]["get"]["parameters"]
        values = filter_values(page["items"][0])
        for parameter in known:
            if parameter["in"] == "query" and parameter["name"] in values:
                yield parameter["name"], values[parameter["name"]]


def filter_values(event: dict[str, object]) -> dict[str, str]:
    """What could be filtered by to find this event, by the name of the filter."""
    source, destination = event["source"], event["destination"]
    assert isinstance(source, dict)  # noqa: S101 - the API's own schema
    assert isinstance(destination, dict)  # noqa: S101 - the API's own schema
    names = ("sensor", "service", "session", "kind", "severity", "status", "division")
    plain = {name: event.get(name) for name in names}
    address = str(source["ip"])
    network = f"{address.rpartition('.')[0]}.0/24" if "." in address else f"{address}/64"
    plain |= {
        "source": address,
        "network": network,
        "source_network": network,
        "port": destination["port"],
        "destination_port": destination["port"],
        "until": event["time"],
        "before": event["time"],
        "text": "admin123",
        "q": "admin123",
    }
    return {name: str(value) for name, value in plain.items() if value is not None}


def list_result(timings: Timings, conditions: str) -> Result:
    """`event_list_p95_ms`: the slowest query's p95."""
    return _slowest("event_list_p95_ms", timings, conditions)


def dashboard_result(timings: Timings, conditions: str) -> Result:
    """`dashboard_p95_ms`: the slowest request's p95."""
    return _slowest("dashboard_p95_ms", timings, conditions)


def growth_result(small: Timings, large: Timings, conditions: str) -> Result:
    """`event_list_growth`: the median with all events by that with few, where it has grown most."""
    grown = {name: median(large[name]) / median(small[name]) for name in small.keys() & large.keys()}
    name = max(grown, key=lambda name: grown[name])
    detail = f"{median(small[name]):.1f} ms to {median(large[name]):.1f} ms"
    return result("event_list_growth", grown[name], f"{conditions}; medians; most at {name}: {detail}")


def _slowest(figure: str, timings: Timings, conditions: str) -> Result:
    of_each = {name: percentile(values, 95) for name, values in timings.items()}
    slowest = max(of_each, key=lambda name: of_each[name])
    all_of_them = ", ".join(f"{name} {value:.1f}" for name, value in of_each.items())
    return result(figure, of_each[slowest], f"{conditions}; slowest: {slowest}; p95 in ms: {all_of_them}")
