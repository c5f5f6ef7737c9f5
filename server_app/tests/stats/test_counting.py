"""The totals are what a plain count of everything that ever arrived gives, whatever happened to it meanwhile."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from event_builder import event
from server_bench import Bench, SensorClient
from sqlalchemy import select, text

from sensor_wire.v1.event import Severity
from server_app.accounts.models import Role
from server_app.audit import actor
from server_app.counting import service as counting
from server_app.counting.increments import HOUR, Fact, Place, increments, source_key, source_of
from server_app.counting.models import EventTotal, Picture
from server_app.events import gone, settled
from server_app.events.addresses import key_of, text_of
from server_app.events.counts import day_of, hour_of
from server_app.events.ranks import severity_rank
from server_app.events.tasks import EventTasks
from server_app.stats.leading import most
from server_app.stats.wanted import Window, timeline_of

HIDDEN_PORT = 9


def count(bench: Bench) -> None:
    while counting.count_next(bench.database):
        pass


def totals(bench: Bench) -> Counter[Place]:
    with bench.database.reading() as session:
        return Counter({Place(*row[:-1]): row[-1] for row in session.execute(select(*_COLUMNS))})


def weeks(bench: Bench) -> datetime:
    with bench.database.reading() as session:
        return counting.weeks(session)


_COLUMNS = [getattr(EventTotal, name) for name in (*Place._fields, "events")]


@dataclass
class Story:
    """A server to which things happen at random, and a plain list of what has arrived."""

    bench: Bench
    random: Random
    divisions: list[int] = field(default_factory=list)
    sensors: dict[int, SensorClient] = field(default_factory=dict)
    place: dict[int, int] = field(default_factory=dict)
    arrived: list[Fact] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def begin(self) -> None:
        self.divisions = [self.bench.division(name) for name in ("ours", "theirs")]
        conditions = {"ports": [HIDDEN_PORT]}
        self.bench.admin.ok("POST", "/eventfilters", json={"name": "harmless", "conditions": conditions})
        self.bench.user("observer", Role.OBSERVER, self.divisions[0])
        self.bench.user("both", Role.OBSERVER, *self.divisions)
        for number in range(4):
            division = self.divisions[number % 2]
            sensor = self.bench.sensor(f"s{number}", division)
            self.sensors[sensor.id], self.place[sensor.id] = sensor, division

    def act(self) -> None:
        changes = self.change, self.archive, self.delete, self.retain, self.move, self.remove, self.complete
        actions: list[Callable[[], None]] = [self.upload, self.upload, self.upload, self.upload, *changes, self.count]
        self.random.choice(actions)()

    def count(self) -> None:
        count(self.bench)

    def complete(self) -> None:
        """Events come late, and from clocks that are ahead: into weeks that have totals already."""
        counting.complete_weeks(self.bench.database, datetime.now(UTC) + timedelta(weeks=self.random.randrange(3)))

    def upload(self) -> None:
        sensor = self.random.choice(list(self.sensors.values()))
        fresh = [self.event() for _ in range(self.random.randrange(1, 30))]
        again = self.random.sample(self.sent, min(2, len(self.sent)))
        answer = sensor.upload([*fresh, *again])
        assert answer.json is not None
        for one, told in zip([*fresh, *again], answer.json["results"], strict=True):
            # What had been deleted is stored once more, and so it has arrived once more.
            if told["status"] == "stored" and one["destination"]["port"] != HIDDEN_PORT:
                self.arrived.append(fact(one, sensor.id, self.place[sensor.id]))
        self.sent += fresh

    def event(self) -> dict[str, Any]:
        choice, number = self.random.choice, int(self.random.random() ** 3 * 40)
        ago = timedelta(days=choice([0, 0, 1, 3, 10, 29, 31, 80, 92]), hours=self.random.randrange(24))
        return event(
            service=choice(["cowrie", "recon"]),
            kind=choice(["login", "scan"]),
            severity=choice(["low", "high"]),
            protocol=choice(["tcp", "udp"]),
            source={"ip": choice([f"192.0.2.{number}", f"2001:db8::{number:x}"]), "port": 1},
            destination={"ip": "192.0.2.200", "port": choice([22, 22, 23, number + 1, HIDDEN_PORT])},
            session=f"s-{self.random.randrange(12)}",
        ) | {"time": (datetime.now(UTC) - ago).isoformat()}

    def mass(self, **action: Any) -> None:
        filter_ = {"session": f"s-{self.random.randrange(12)}"}
        self.bench.admin.ok("POST", "/events/sessions/mass", json={"filter": filter_, **action})

    def change(self) -> None:
        self.mass(change={"status": "resolved", "comment": "seen"})

    def archive(self) -> None:
        self.mass(change={"archived": True})

    def delete(self) -> None:
        self.mass(delete=True)

    def retain(self) -> None:
        self.bench.admin.ok("PATCH", "/settings/events", json={"max_events": self.random.randrange(20, 60)})
        with actor.acting(actor.WORKER):
            EventTasks(self.bench.database).remove_surplus()

    def move(self) -> None:
        number = self.random.choice(list(self.sensors))
        self.place[number] = self.random.choice(self.divisions)
        self.bench.admin.ok("PATCH", f"/sensors/{number}", json={"division": self.place[number]})

    def remove(self) -> None:
        if len(self.sensors) > 2:
            number, _ = self.sensors.popitem()
            self.bench.admin.ok("DELETE", f"/sensors/{number}")
            with actor.acting(actor.WORKER):
                gone.remove_all(self.bench.database)

    def check(self) -> None:
        """Every window, as several people with several filters see it."""
        seen: dict[str, Sequence[int]] = {"observer": self.divisions[:1], "both": self.divisions}
        for window, name in product(Window, ("admin", "observer", "both")):
            for narrow in ({}, {"division": self.divisions[1]}, {"sensor": min(self.place)}):
                query = "&".join(f"{key}={value}" for key, value in {"window": window, "top": 3, **narrow}.items())
                visible = [one for one in self.arrived if one.division in seen.get(name, self.divisions)]
                visible = [one for one in visible if all(getattr(one, key) == value for key, value in narrow.items())]
                shown = said(self.bench.person(name).ok("GET", f"/stats?{query}"))
                assert shown == pictures(visible, window, 3), f"{name} {query}"


def fact(one: dict[str, Any], sensor: int, division: int) -> Fact:
    source, port = key_of(one["source"]["ip"]), one["destination"]["port"]
    told = one["service"], one["kind"], severity_rank(one["severity"]), source, one["protocol"], port
    return Fact(division, sensor, datetime.fromisoformat(one["time"]), *told)


def pictures(visible: Sequence[Fact], window: Window, top: int) -> dict[str, Any]:
    """What the statistics must say, in the shape of `said`."""
    line = timeline_of(window, datetime.now(UTC))
    end = day_of(line.end - timedelta(seconds=1)) + timedelta(days=1)
    within = [one for one in visible if line.begin <= one.time < line.end]
    on_days = [one for one in visible if day_of(line.begin) <= one.time < end]
    begin = hour_of if line.span == HOUR else day_of
    sources = most(Counter(source_key(one.source) for one in on_days), top)
    touched = {key: len({one.sensor for one in on_days if source_key(one.source) == key}) for key in sources}
    return {
        "events": len(within),
        "timeline": Counter(begin(one.time) for one in within),
        "services": Counter(one.service for one in within),
        "kinds": Counter(one.kind for one in within),
        "severities": Counter(one.severity for one in within),
        "sensors": most(Counter(str(one.sensor) for one in within), top),
        "sources": {text_of(source_of(key)): (number, touched[key]) for key, number in sources.items()},
        "ports": most(Counter(f"{one.protocol}:{one.port}" for one in on_days), top),
    }


def said(shown: dict[str, Any]) -> dict[str, Any]:
    """The same out of an answer."""
    points = {datetime.fromisoformat(one["start"]): one["events"] for one in shown["timeline"]}
    return {
        "events": shown["events"],
        "timeline": {start: number for start, number in points.items() if number},
        "services": {one["service"]: one["events"] for one in shown["services"]},
        "kinds": {one["kind"]: one["events"] for one in shown["kinds"]},
        "severities": {severity_rank(Severity(one["severity"])): one["events"] for one in shown["severities"]},
        "sensors": {str(one["sensor"]): one["events"] for one in shown["sensors"]},
        "sources": {one["ip"]: (one["events"], one["sensors"]) for one in shown["sources"]},
        "ports": {f"{one['protocol']}:{one['port']}": one["events"] for one in shown["ports"]},
    }


@pytest.mark.parametrize("seed", range(2))
def test_the_dashboard_shows_what_has_arrived_whatever_became_of_it(bench: Bench, seed: int) -> None:
    story = Story(bench, Random(seed))
    story.begin()
    for _ in range(3):
        for _ in range(12):
            story.act()
        story.check()
    count(bench)
    story.check()
    assert totals(bench) == increments(story.arrived, weeks(bench))
    story.complete()
    assert totals(bench) == increments(story.arrived, weeks(bench))


def test_counting_by_several_at_once_while_events_arrive(bench: Bench) -> None:
    sensors = [bench.sensor(name) for name in ("one", "two")]
    events = [event(number * 300, service=("cowrie", "recon")[number % 2]) for number in range(60)]

    def upload(sensor: SensorClient, part: int) -> None:
        client = SensorClient(bench.app.test_client(), sensor.id, sensor.key, sensor.certificate)
        overlapping = Random(part).sample(events[part * 10 : part * 10 + 20], 20)
        assert client.upload(overlapping).status_code == 200
        count(bench)

    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(upload, sensor, part) for part in range(5) for sensor in sensors]
        for job in jobs:
            job.result()
    count(bench)
    division = bench.admin.ok("GET", "/divisions")["items"][0]["id"]
    facts = (fact(one, sensor.id, division) for one in events for sensor in sensors)
    assert totals(bench) == increments(facts, weeks(bench))


@pytest.mark.parametrize("prepared", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_what_gets_a_lower_number_and_is_committed_later_is_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled, "PATIENCE", 0.1)
    sensor = bench.sensor()
    with bench.database.writing() as session:
        session.execute(text("SELECT nextval('events_id_seq')"))
        session.execute(text("LOCK TABLE events IN ROW EXCLUSIVE MODE"))
        sensor.upload([event()])
        count(bench)
        assert totals(bench) == {}
        assert bench.admin.ok("GET", "/stats?window=90d")["events"] == 1
    count(bench)
    assert bench.admin.ok("GET", "/stats?window=90d")["events"] == 1
    assert totals(bench).total() > 0


def test_totals_that_no_window_reaches_back_to_are_removed(bench: Bench) -> None:
    moment = datetime.now(UTC)
    bench.sensor().upload([event() | {"time": (moment - timedelta(days=age)).isoformat()} for age in (1, 20, 200)])
    count(bench)
    before = totals(bench)
    counting.remove_old(bench.database, moment)
    assert totals(bench) == {place: number for place, number in before.items() if kept(place, moment)}
    assert len({place.start for place in totals(bench) if place.span == HOUR}) == 1


def kept(place: Place, moment: datetime) -> bool:
    if place.span == HOUR:
        return place.start >= moment - timedelta(days=8)
    many = place.picture in {Picture.SENSOR, Picture.SOURCE, Picture.PORT}
    return not many or place.start >= moment - timedelta(days=120)
