"""Every filter of the lists of events and sessions, alone and together."""

from typing import Any

import pytest
from event_builder import event
from server_bench import Bench

from server_app.accounts.models import Role

PATHS = ["/events", "/events/sessions"]


def summaries(bench: Bench, path: str, query: str, name: str = "admin") -> list[str]:
    items: list[dict[str, Any]] = bench.person(name).ok("GET", f"{path}?{query}")["items"]
    return [item["summary"] for item in items]


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Three divisions with a sensor each, and five sessions of one event each; `a` is the oldest."""
    sensors = [bench.sensor(name, bench.division(name)) for name in ("Berlin", "Bonn", "Bern")]
    contacts: list[tuple[int, str, dict[str, Any]]] = [
        (0, "a", {"source": {"ip": "10.0.0.9"}, "severity": "info", "summary": "a: SSH login root/toor"}),
        (0, "b", {"source": {"ip": "10.0.0.10"}, "severity": "critical", "summary": "b: wget http://x.test/y.sh"}),
        (1, "c", {"source": {"ip": "10.0.0.100"}, "severity": "high", "kind": "scan", "summary": "c: scan"}),
        (1, "d", {"source": {"ip": "2001:db8::9"}, "severity": "medium", "protocol": "udp", "summary": "d: 100%"}),
        (2, "e", {"source": {"ip": "2001:db8::1:0"}, "destination": {"ip": "192.0.2.10", "port": 443}, "summary": "e"}),
    ]
    for second, (sensor, session, fields) in enumerate(contacts):
        assert sensors[sensor].upload([event(second, session=session, **fields)]).status_code == 200
    return bench


@pytest.mark.parametrize("path", PATHS)
def test_each_filter(filled: Bench, path: str) -> None:
    for query, expected in (
        ("", "edcba"),
        ("order=oldest", "abcde"),
        ("source=10.0.0.9", "a"),
        ("source=10.0.0.2-10.0.0.10", "ba"),
        ("source=10.0.0.0/28", "ba"),
        ("source=10.0.0.0/8", "cba"),
        ("source=2001:db8::/112", "d"),
        ("source=2001:db8::/32", "ed"),
        ("source=2001:db8::a-2001:db8::ffff:0", "e"),
        ("severity=info", "edcba"),
        ("severity=medium", "dcb"),
        ("severity=critical", "b"),
        ("kind=scan", "c"),
        ("protocol=udp", "d"),
        ("port=443", "e"),
        ("since=2026-11-21T08:00:03Z", "ed"),
        ("until=2026-11-21T08:00:03Z", "cba"),
        ("since=2026-11-21T09:00:01%2B01:00&until=2026-11-21T08:00:02Z", "b"),
        ("text=toor", "a"),
        ("text=root/toor", "a"),
        ("text=Login+SSH", "a"),
        ("text=wge", "b"),
        ("text=y.sh", "b"),
        ("text=100%25", "d"),
        ("text=absent", ""),
        ("severity=high&source=10.0.0.0/8", "cb"),
        ("hidden=true", ""),
    ):
        found = summaries(filled, path, query)
        assert "".join(summary[0] for summary in found) == expected, query


@pytest.mark.parametrize("path", PATHS)
def test_divisions_are_merged_in_order_over_pages(filled: Bench, path: str) -> None:
    """Several divisions and severities are several scans; together they must be one list."""
    numbers = {row["name"]: row["id"] for row in filled.admin.ok("GET", "/divisions")["items"]}
    filled.user("observer", Role.OBSERVER, numbers["Berlin"], numbers["Bonn"])
    for query, expected in (
        ("", "dcba"),
        ("order=oldest", "abcd"),
        ("severity=medium", "dcb"),
        (f"division={numbers['Bonn']}", "dc"),
        (f"division={numbers['Bern']}", ""),
        (f"division={numbers['Bern']}&hidden=true", ""),
    ):
        walked, cursor = "", ""
        while True:
            page = filled.person("observer").ok("GET", f"{path}?limit=1&{query}{cursor}")
            walked += "".join(item["summary"][0] for item in page["items"])
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert walked == expected, query


@pytest.mark.parametrize("path", PATHS)
def test_nobody_without_divisions_sees_anything(filled: Bench, path: str) -> None:
    filled.user("stranger", Role.OBSERVER)
    for query in ("", "source=10.0.0.0/8", "severity=low"):
        assert summaries(filled, path, query, "stranger") == []


def test_events_stay_in_the_division_they_happened_in(filled: Bench) -> None:
    """A sensor that moves on takes nothing of its former division along."""
    listed = filled.admin.ok("GET", "/events?source=10.0.0.9")["items"][0]
    with filled.database.writing() as session:
        from server_app.sensors.models import Sensor  # noqa: PLC0415 - only this test moves a row by hand

        other = next(row["id"] for row in filled.admin.ok("GET", "/divisions")["items"] if row["name"] == "Bern")
        session.get_one(Sensor, listed["sensor"]).division_id = other
    filled.user("old", Role.OBSERVER, listed["division"])
    filled.user("new", Role.OBSERVER, other)
    for path in PATHS:
        assert len(summaries(filled, path, "", "old")) == 2
        assert len(summaries(filled, path, "", "new")) == 1


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("source=10.0.0.0/33", "/source"),
        ("source=10.0.0.9-10.0.0.1", "/source"),
        ("severity=terrible", "/severity"),
        ("port=0", "/port"),
        ("port=65536", "/port"),
        ("since=yesterday", "/since"),
        ("since=2026-11-21T08:00:00", "/since"),
        ("text=%25", "/text"),
        ("order=random", "/order"),
        ("hidden=true&archived=true", ""),
    ],
)
def test_a_wrong_filter_is_named(bench: Bench, query: str, pointer: str) -> None:
    answer = bench.admin.call("GET", f"/events/sessions?{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == pointer
