"""Visits: what one source does at one port until it is idle is one session. Pure: time is an argument.

Every request is an entry of its own, up to a bound per half minute; beyond it the same ones are counted, and all are
told. Bundles go out before they are full, so that nothing is left out of them.
"""

from collections.abc import Iterable

from honeypot_adapter.bundler import INTERVAL, Bundler
from honeypot_adapter.event import Json, Observation, Severity
from web_honeypot.visits import Ends, Moment, Visit

IDLE = 60.0
"""Seconds without a sign that end a visit."""
MAX_VISITS = 1024
ENTRIES = 1000
"""Entries of one visit per `INTERVAL`; those of attacks, logins and files may be four times as many."""
PATH_LIST = 25
"""Different paths that are not there which make a search by a list."""
_GRAVE = 4
_MAX_COUNTED = 64
_MAX_NOTES = 64
_OVERFLOW = "overflow"


class Recorder:
    """All visits of the moment, within bounds."""

    def __init__(self) -> None:
        self._bundler = Bundler()
        self._visits: dict[tuple[str, int], Visit] = {}
        self._by_session: dict[str, Visit] = {}

    def connected(self, ends: Ends, at: Moment) -> list[Json]:
        """Note a new connection; the first one of a visit is told at once."""
        visit, is_new = self._visit(ends, at)
        visit.open += 1
        visit.connections += 1
        if not is_new:
            return []
        protocol = "HTTPS" if ends.tls else "HTTP"
        text = f"{protocol} from port {ends.source_port}"
        if visit is self._visits.get((_OVERFLOW, 0)):
            text = f"more than {MAX_VISITS} sources at once; connections from others are counted only"
        first = Observation(at.wall, "connection", Severity.LOW, "connection", text, f"{protocol} connection")
        return self._enter(visit, [first], at)

    def told(self, ends: Ends, observations: Iterable[Observation], at: Moment) -> list[Json]:
        """Note what happened in a connection, as entries or, in a flood, counted."""
        visit, _ = self._visit(ends, at)
        visit.requests += 1
        entries = list(observations)
        grave = any(each.severity > Severity.LOW for each in entries)
        if visit.entered + len(entries) > ENTRIES * (_GRAVE if grave else 1) or self._overflows(visit):
            self._count(visit, entries)
            return []
        return self._enter(visit, entries, at)

    def noted(self, ends: Ends, name: str, text: str, at: Moment) -> list[Json]:
        """Note what is worth one entry in a visit, such as the user agent."""
        visit, _ = self._visit(ends, at)
        if not text or (name, text) in visit.notes or len(visit.notes) >= _MAX_NOTES:
            return []
        visit.notes.add((name, text))
        return self._enter(
            visit, [Observation(at.wall, "connection", Severity.LOW, name, text[:512], "HTTP client")], at
        )

    def attempt(self, ends: Ends, at: Moment) -> int:
        """Count a login; gives the how many-th of the visit it is."""
        visit, _ = self._visit(ends, at)
        visit.attempts += 1
        return visit.attempts

    def missed(self, ends: Ends, path: str, at: Moment) -> list[Json]:
        """Note a path that is not there; many of them are a search by a list."""
        visit, _ = self._visit(ends, at)
        if len(visit.missing) >= PATH_LIST:
            return []
        visit.missing.add(path[:256])
        if len(visit.missing) < PATH_LIST:
            return []
        text = f"{PATH_LIST} different paths that are not there"
        search = Observation(at.wall, "request", Severity.MEDIUM, "scanner", text, f"Search by a list: {text}")
        return self._enter(visit, [search], at)

    def closed(self, ends: Ends, at: Moment) -> None:
        """Note the end of a connection."""
        visit, _ = self._visit(ends, at)
        visit.open -= 1

    def tick(self, at: Moment) -> list[Json]:
        """Give the events that are due because time has passed."""
        events: list[Json] = []
        for key, visit in list(self._visits.items()):
            if at.monotonic - visit.window >= INTERVAL:
                events += self._tell_counted(visit, at)
            if visit.open <= 0 and at.monotonic - visit.last >= IDLE:
                events += self._end(key, visit, at)
        for event in self._bundler.due(at.monotonic):
            self._by_session[event["session"]].emptied()
            events.append(event)
        self._bundler.forget_changes()
        return events

    def finish(self, at: Moment) -> list[Json]:
        """End all visits, because the honeypot ends."""
        return [event for key, visit in list(self._visits.items()) for event in self._end(key, visit, at)]

    def _visit(self, ends: Ends, at: Moment) -> tuple[Visit, bool]:
        key = (ends.source, ends.port)
        if key not in self._visits and len(self._visits) >= MAX_VISITS:
            key = (_OVERFLOW, 0)
        visit = self._visits.get(key)
        is_new = visit is None
        if visit is None:
            visit = self._visits[key] = Visit.of(ends, at, "web" if key[1] else "flood")
            self._by_session[visit.contact.session] = visit
        visit.last = at.monotonic
        return visit, is_new

    def _overflows(self, visit: Visit) -> bool:
        return visit is self._visits.get((_OVERFLOW, 0))

    def _enter(self, visit: Visit, observations: list[Observation], at: Moment) -> list[Json]:
        full = visit.add(observations)
        events = self._bundler.observe(visit.contact, *observations, now=at.monotonic, flush=full)
        if events:
            visit.emptied()
        return events

    def _count(self, visit: Visit, observations: list[Observation]) -> None:
        first = observations[0]
        name = first.data[:128] if first.data in visit.counted or len(visit.counted) < _MAX_COUNTED else "others"
        visit.counted[name] += 1

    def _tell_counted(self, visit: Visit, at: Moment) -> list[Json]:
        visit.window, visit.entered = at.monotonic, 0
        if not visit.counted:
            return []
        total = visit.counted.total()
        summary = f"Flood: {total} more requests"
        told = [
            Observation(at.wall, "request", Severity.LOW, "repeated", f"{count} more: {name}", summary)
            for name, count in visit.counted.most_common()
        ]
        visit.counted.clear()
        return self._enter(visit, told, at)

    def _end(self, key: tuple[str, int], visit: Visit, at: Moment) -> list[Json]:
        events = self._tell_counted(visit, at)
        text = f"after {visit.last - visit.since:.1f} s, {visit.connections} connections, {visit.requests} requests"
        end = Observation(at.wall, "closed", Severity.INFO, "closed", text, f"Web visit over {text}")
        events += self._bundler.observe(visit.contact, end, now=at.monotonic, end=True)
        del self._visits[key], self._by_session[visit.contact.session]
        return events
