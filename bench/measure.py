"""What is measured in which order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from bench.admin import Admin
from bench.database import count_history, forget_events, load_history
from bench.errors import BenchError
from bench.fleet import divisions, fleet
from bench.forwarding import forwarding
from bench.history import History
from bench.lists import Reader, Timings, dashboard_result, growth_result, list_result
from bench.loads import Loads
from bench.progress import Progress
from bench.results import Result, result
from bench.searches import of_history
from bench.subject import Scale, Subject
from bench.target import Identity

BATCHES = {"events_batch50_per_s": 50, "events_single_per_s": 1}
LOADS = {"polls_unchanged_per_s", *BATCHES, "web_worker_rss_mib"}
EVENT_LISTS = {"event_list_p95_ms", "event_list_growth"}
DASHBOARD = {"dashboard_p95_ms", "dashboard_growth"}
GROWTH = {"event_list_growth", "dashboard_growth"}
LISTS = EVENT_LISTS | DASHBOARD
FEW_EVENTS = 100_000
DIVISIONS = 20
END = datetime.now(UTC)


def measure(subject: Subject, scale: Scale, wanted: Sequence[str], progress: Progress) -> Iterator[Result]:
    """All wanted figures, each when it is known; those that need our own server's insides are left out elsewhere.

    Raises:
        BenchError: one of them could not be measured; the message says why.
    """
    admin = Admin(subject.target, subject.credentials)
    try:
        with fleet(admin, scale.sensors, subject.folder, progress, remove=subject.database is None) as sensors:
            found = Measurement(subject, scale, progress, admin, sensors).of(set(wanted))
            yield from (one for one in found if one.figure in wanted)
    finally:
        admin.close()


@dataclass(frozen=True)
class Measurement:
    """One run of the whole."""

    subject: Subject
    scale: Scale
    progress: Progress
    admin: Admin
    sensors: list[Identity]

    def of(self, wanted: set[str]) -> Iterator[Result]:
        """Loads, then lists with few events, then lists with many; a history is all there is to search in."""
        reader = Reader(self.admin, self.scale, self.progress)
        yield from self._loads(wanted)
        if not wanted & LISTS:
            return
        if self.subject.database is not None:
            forget_events(self.subject.database)
        grows = bool(wanted & GROWTH) and self.subject.database is not None
        few = self._with_few(reader, wanted) if grows else ({}, {})
        conditions = self._fill(after=self._few if grows else 0)
        against = f"{conditions}, against {self._few:,}"
        lists, dashboard = self._read(reader, wanted)
        if lists:
            yield list_result(lists, conditions)
            yield from [growth_result("event_list_growth", few[0], lists, against)] if few[0] else []
        if dashboard:
            yield dashboard_result(dashboard, conditions)
            yield from [growth_result("dashboard_growth", few[1], dashboard, against)] if few[1] else []

    def _read(self, reader: Reader, wanted: set[str]) -> tuple[Timings, Timings]:
        """The lists and the dashboard, as far as they are wanted."""
        lists = self._searched(reader) if wanted & EVENT_LISTS else {}
        if not wanted & DASHBOARD:
            return lists, {}
        if self.subject.database is not None:
            count_history(self.subject.database, self.progress)
        dashboard = reader.dashboard()
        if not dashboard:
            self.progress.say("This server has no /api/stats: the dashboard is left out.")
        return lists, dashboard

    @property
    def _few(self) -> int:
        return min(FEW_EVENTS, self.scale.events)

    @cached_property
    def _history(self) -> History:
        numbers = [sensor.sensor_id for sensor in self.sensors]
        return History(numbers, divisions(self.admin, DIVISIONS), self.scale.events, END)

    def _with_few(self, reader: Reader, wanted: set[str]) -> tuple[Timings, Timings]:
        # The newest ones: what is added later is older, so that both begin alike.
        events = self.scale.events
        load_history(self._database, self._history, range(events - self._few, events), self.progress)
        return self._read(reader, wanted)

    def _searched(self, reader: Reader) -> Timings:
        return reader.lists(of_history(self._history) if self.subject.database is not None else None)

    def _fill(self, after: int) -> str:
        """Load what is missing of the history; says what there is."""
        conditions = f"{self.scale.samples} requests each through the proxy, one after the other"
        if self.subject.database is None:
            return f"{conditions}; the events this server has"
        load_history(self._database, self._history, range(self.scale.events - after), self.progress)
        return f"{conditions}; {self.scale.events:,} events"

    @property
    def _database(self) -> str:
        if self.subject.database is None:
            raise BenchError("This figure needs a server made for the measurement: leave --url out.")
        return self.subject.database

    def _loads(self, wanted: set[str]) -> Iterator[Result]:
        loads = Loads(self.subject, self.scale, self.sensors, self.progress)
        if wanted & {"polls_unchanged_per_s", "web_worker_rss_mib"}:
            yield loads.polls()
        if wanted & BATCHES.keys():
            with forwarding(self.admin, self.subject.receiver) as forwarded:
                uploads = (loads.uploads(name, size) for name, size in BATCHES.items() if name in wanted)
                yield from [forwarded.told(one) for one in uploads]
        if "web_worker_rss_mib" in wanted and self.subject.worker_memory:
            sizes = self.subject.worker_memory()
            conditions = f"largest of {len(sizes)} worker processes after the loads above, resident"
            yield result("web_worker_rss_mib", max(sizes), conditions)
