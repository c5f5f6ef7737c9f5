"""The figures of reading: lists of events and sessions, their 1,000th page, each filter; and the dashboard."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from statistics import median

from bench.admin import Admin
from bench.progress import Progress
from bench.results import GOALS, Result, result
from bench.searches import EVENTS, Query, name_of
from bench.statistics import percentile
from bench.subject import Scale

PAGE, LONGEST_PAGE, DEEP = 50, 200, 1000
REFERENCE = "/users/me"
"""Read in turns with each list: it costs the same whatever there is, so it tells how quick the machine is just then."""
WARM_UP = 3
WINDOWS = ("24h", "7d", "30d", "90d")


@dataclass(frozen=True)
class Timing:
    """Milliseconds of each request, those of the reference beside them, and how many items each answer had."""

    milliseconds: list[float]
    references: list[float]
    items: int = 0

    @property
    def in_references(self) -> float:
        """How many references it takes; first quartiles, for what else the machine does makes nothing faster."""
        return percentile(self.milliseconds, 25) / percentile(self.references, 25)


type Timings = dict[str, Timing]
"""By what was asked."""


@dataclass(frozen=True)
class Reader:
    """Reads lists as an administrator does, one request after the other."""

    admin: Admin
    scale: Scale
    progress: Progress

    def lists(self, searches: Mapping[str, tuple[str, Query]] | None = None) -> Timings:
        """Page 1,000 of the list of events, and page 1 of each search, else of those that fit its events."""
        cursor = self._cursor_of_page(DEEP)
        known = searches if searches is not None else {"events page 1": (EVENTS, {}), **dict(self._filters(cursor))}
        found = {name: self._timed(name, path, {"limit": str(PAGE)} | query) for name, (path, query) in known.items()}
        if cursor:
            name = f"events page {DEEP:,}"
            found[name] = self._timed(name, EVENTS, {"limit": str(PAGE), "cursor": cursor})
        return found

    def dashboard(self) -> Timings:
        """Each window that the dashboard offers, of everything and of a part; nothing where the server has none."""
        if "/api/stats" not in self.admin.get("/openapi.json")["paths"]:
            return {}
        whole = self.admin.get("/stats", {"window": WINDOWS[-1]})
        busiest = [{"sensor": str(one["sensor"])} for one in whole["sensors"][:1]]
        division = self.admin.get("/divisions")["items"][-1]["id"]
        parts: list[Query] = [{}, {"division": str(division)}, *busiest, {"top": "50"}]
        queries: list[Query] = [{"window": window} | part for window in WINDOWS for part in parts]
        return {name: self._timed(name, "/stats", query) for query in queries for name in (name_of("/stats", query),)}

    def _timed(self, name: str, path: str, query: Query) -> Timing:
        items = len(self.admin.get(path, query).get("items", ()))
        for _ in range(WARM_UP):
            self.admin.seconds(path, query)
        milliseconds, references = [], []
        for _ in range(self.scale.samples):
            milliseconds.append(self.admin.seconds(path, query) * 1000)
            references.append(self.admin.seconds(REFERENCE, {}) * 1000)
        said = f"{median(milliseconds):.1f} ms (median), {percentile(milliseconds, 95):.1f} ms (p95)"
        self.progress.say(f"{name}: {said}, {items} items")
        return Timing(milliseconds, references, items)

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

    def _filters(self, cursor: str | None) -> Iterator[tuple[str, tuple[str, Query]]]:
        """The filters this server has, each with a value that an event on that page has."""
        page = self.admin.get(EVENTS, {"limit": "1"} | ({"cursor": cursor} if cursor else {}))
        if not page["items"]:
            return
        known = self.admin.get("/openapi.json")["paths"]["/api/events"]["get"]["parameters"]
        values = filter_values(page["items"][0])
        for parameter in known:
            if parameter["in"] == "query" and parameter["name"] in values:
                query = {parameter["name"]: values[parameter["name"]]}
                yield name_of(EVENTS, query), (EVENTS, query)


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
        "source": network,
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


def growth_result(figure: str, small: Timings, large: Timings, conditions: str) -> Result:
    """`event_list_growth` or `dashboard_growth`: the time with all events by that with few, where it has grown most.

    Only what finds as much in both is compared: an empty page is no measure for a full one. Both are measured minutes
    apart, on a machine that is not equally quick all the time, so each is told in references.
    """
    alike = [name for name in small.keys() & large.keys() if small[name].items == large[name].items]
    grown = {name: large[name].in_references / small[name].in_references for name in alike}
    name = max(alike, key=lambda name: grown[name])
    few, many = (timings[name].in_references for timings in (small, large))
    over = sum(GOALS[figure].holds(value) is False for value in grown.values())
    detail = f"in times of GET /api{REFERENCE}, first quartiles; most at {name}: {few:.2f} to {many:.2f}"
    return result(figure, grown[name], f"{conditions}; {detail}; {over} of {len(alike)} are beyond the goal")


def _slowest(figure: str, timings: Timings, conditions: str) -> Result:
    of_each = {name: percentile(timing.milliseconds, 95) for name, timing in timings.items()}
    slowest = max(of_each, key=lambda name: of_each[name])
    all_of_them = ", ".join(f"{name} {value:.1f}" for name, value in of_each.items())
    return result(figure, of_each[slowest], f"{conditions}; slowest: {slowest}; p95 in ms: {all_of_them}")
