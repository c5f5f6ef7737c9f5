"""The dashboard's numbers: what arrived, seen by those who may."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from event_builder import event
from hypothesis import given
from hypothesis import strategies as st
from server_bench import Bench

from server_app.accounts.models import Role
from server_app.counting.increments import WEEK, week_of
from server_app.stats.wanted import Segment, Window, segments_of, timeline_of, whole_days_of


def at(ago: timedelta, **fields: Any) -> dict[str, Any]:
    return event(**fields) | {"time": (datetime.now(UTC) - ago).isoformat()}


@pytest.fixture
def filled(bench: Bench) -> Bench:
    ours, theirs = bench.division("ours"), bench.division("theirs")
    bench.sensor("one", ours).upload(
        [
            *(at(timedelta(), session="a", source={"ip": "10.0.0.1"}) for _ in range(3)),
            at(timedelta(), session="b", source={"ip": "10.0.0.2"}, kind="login", severity="high", service="rdp"),
            at(timedelta(days=5), session="old", destination={"ip": "192.0.2.1", "port": 443}),
        ]
    )
    bench.sensor("two", theirs).upload(
        [at(timedelta(), session="c", source={"ip": "10.0.0.1"}, protocol="icmp", destination={"ip": "192.0.2.1"})]
    )
    bench.user("observer", Role.OBSERVER, ours)
    return bench


def test_everything_of_the_last_day(filled: Bench) -> None:
    stats = filled.admin.ok("GET", "/stats")
    assert stats["events"] == 5
    assert len(stats["timeline"]) == 24
    assert sum(point["events"] for point in stats["timeline"]) == 5
    assert stats["timeline"] == sorted(stats["timeline"], key=lambda point: point["start"])
    assert stats["services"] == [{"service": "cowrie", "events": 4}, {"service": "rdp", "events": 1}]
    assert stats["kinds"] == [{"kind": "connection", "events": 4}, {"kind": "login", "events": 1}]
    assert stats["severities"] == [{"severity": "low", "events": 4}, {"severity": "high", "events": 1}]
    assert [(row["sensor_name"], row["events"]) for row in stats["sensors"]] == [("one", 4), ("two", 1)]
    assert stats["sources"][0] == {"ip": "10.0.0.1", "events": 4, "sensors": 2}
    assert {(row["protocol"], row["port"], row["events"]) for row in stats["ports"]} == {
        ("tcp", 22, 4),
        ("icmp", None, 1),
    }


def test_a_week_has_days_and_what_is_older_than_a_day(filled: Bench) -> None:
    stats = filled.admin.ok("GET", "/stats?window=7d")
    assert (stats["events"], len(stats["timeline"])) == (6, 7)
    assert {"protocol": "tcp", "port": 443, "events": 1} in stats["ports"]


def test_users_see_the_numbers_of_their_divisions(filled: Bench) -> None:
    assert filled.person("observer").ok("GET", "/stats")["events"] == 4
    theirs = next(row["id"] for row in filled.admin.ok("GET", "/divisions")["items"] if row["name"] == "theirs")
    assert filled.person("observer").ok("GET", f"/stats?division={theirs}")["events"] == 0
    assert filled.admin.ok("GET", f"/stats?division={theirs}")["events"] == 1
    filled.user("stranger", Role.OBSERVER)
    assert filled.person("stranger").ok("GET", "/stats")["events"] == 0


def test_deleting_events_does_not_rewrite_history(filled: Bench) -> None:
    before = filled.admin.ok("GET", "/stats")
    filled.admin.ok("POST", "/events/sessions/mass", json={"filter": {}, "delete": True})
    assert filled.admin.ok("GET", "/stats") == before


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone


@given(window=st.sampled_from(Window), now=MOMENTS)
def test_the_last_point_is_now_and_the_rest_reaches_back_as_far_as_the_window(window: Window, now: datetime) -> None:
    line = timeline_of(window, now)
    points = line.starts()
    assert points[-1] <= now < points[-1] + timedelta(hours=line.span)
    assert len(points) * line.span == {"24h": 24, "7d": 168, "30d": 720, "90d": 2160}[window]


@given(window=st.sampled_from(Window), now=MOMENTS, behind=st.integers(-1, 20))
def test_every_moment_is_in_one_total_of_few(window: Window, now: datetime, behind: int) -> None:
    line, weeks = timeline_of(window, now), week_of(now) - timedelta(weeks=behind)
    for found in (segments_of(window, now, weeks), whole_days_of(window, now, weeks)):
        assert all(one.end == other.begin for one, other in pairwise(found))
        starts = [start for one in found if one.span == WEEK for start in one.starts()]
        assert all(start.weekday() == start.hour == 0 and start < weeks for start in starts)
        assert sum(len(one.starts()) for one in found) <= 26 + 6 * max(behind, 0)
        assert covered(found) == sum(len(one.starts()) * one.span for one in found)
    assert (found[0].begin, found[-1].end) == (
        line.begin.replace(hour=0),
        now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1),
    )
    assert covered(segments_of(window, now, weeks)) == covered([line])


def covered(found: list[Segment]) -> float:
    """Hours from end to end."""
    return (found[-1].end - found[0].begin) / timedelta(hours=1)
