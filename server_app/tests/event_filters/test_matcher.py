"""Filters decide on addresses, not on text, and on the clock of the place they name."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from server_app.event_filters.conditions import Conditions, TimeWindow, Weekday
from server_app.event_filters.matcher import checks_of, covers

BASE: dict[str, Any] = {
    "source_ip": "10.0.0.9",
    "destination_port": 22,
    "protocol": "tcp",
    "kind": "login",
    "service": "cowrie",
    "sensor_id": 7,
    "time": datetime(2026, 11, 21, 23, 30, tzinfo=UTC),  # a Saturday
}
HOLDING: list[dict[str, Any]] = [
    {"sources": ["10.0.0.2-10.0.0.10"]},
    {"ports": [80, 22]},
    {"protocols": ["tcp"]},
    {"kinds": ["scan", "login"]},
    {"services": ["cowrie"]},
    {"sensors": [7]},
    {"times": [{"begin": "22:00", "end": "06:00", "weekdays": ["sat"]}]},
]


def matches(conditions: dict[str, Any], **columns: Any) -> bool:
    checks = checks_of(Conditions.model_validate(conditions))
    return all(check(BASE | columns) for check in checks)


@given(address=st.ip_addresses(), base=st.ip_addresses(), data=st.data())
def test_networks_are_networks(address: Any, base: Any, data: Any) -> None:
    length = data.draw(st.integers(97 if base.version == 6 and int(base) < 2**64 else 0, base.max_prefixlen))
    network = ip_network((base, length), strict=False)
    family = IPv4Address if base.version == 4 else IPv6Address
    assert matches({"sources": [str(network)]}, source_ip=str(network[-1]))
    if isinstance(address, family):
        assert matches({"sources": [str(network)]}, source_ip=str(address)) == (address in network)


def test_ranges_are_not_text() -> None:
    assert matches({"sources": ["10.0.0.2-10.0.0.10"]}, source_ip="10.0.0.9")
    assert not matches({"sources": ["10.0.0.1-10.0.0.20"]}, source_ip="10.0.0.100")
    assert matches({"sources": ["192.0.2.1", "2001:db8::/32"]}, source_ip=str(ip_address("2001:db8::1")))


@pytest.mark.parametrize("conditions", HOLDING)
def test_all_conditions_must_hold(conditions: dict[str, Any]) -> None:
    everything = {name: value for one in HOLDING for name, value in one.items()}
    assert matches(conditions)
    assert matches(everything)
    other: dict[str, Any] = {"source_ip": "10.0.0.1", "destination_port": None, "protocol": "udp", "kind": "file"}
    other |= {"service": "recon", "sensor_id": 8, "time": datetime(2026, 11, 21, 12, tzinfo=UTC)}
    column = dict(zip([next(iter(one)) for one in HOLDING], other.items(), strict=True))[next(iter(conditions))]
    assert not matches(conditions, **dict([column]))
    assert not matches(everything, **dict([column]))


@pytest.mark.parametrize(
    ("moment", "window", "expected"),
    [
        ("2026-11-21T21:59:00Z", {"begin": "22:00", "end": "06:00"}, False),
        ("2026-11-21T22:00:00Z", {"begin": "22:00", "end": "06:00"}, True),
        ("2026-11-22T05:59:59Z", {"begin": "22:00", "end": "06:00", "weekdays": ["sat"]}, True),
        ("2026-11-22T05:59:59Z", {"begin": "22:00", "end": "06:00", "weekdays": ["sun"]}, False),
        ("2026-11-22T06:00:00Z", {"begin": "22:00", "end": "06:00"}, False),
        ("2026-11-21T22:30:00Z", {"begin": "00:00", "end": "00:00", "weekdays": ["sat"]}, True),
        ("2026-11-21T23:30:00Z", {"zone": "Europe/Berlin", "weekdays": ["sat"]}, False),
        ("2026-11-21T08:30:00Z", {"zone": "Europe/Berlin", "begin": "09:00", "end": "10:00"}, True),
        ("2026-07-21T08:30:00Z", {"zone": "Europe/Berlin", "begin": "09:00", "end": "10:00"}, False),
    ],
)
def test_the_clock_is_that_of_the_place(moment: str, window: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table
    assert covers(TimeWindow.model_validate(window), datetime.fromisoformat(moment)) is expected


@given(moment=st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - the strategy adds the zone
def test_the_whole_week_has_no_gap(moment: datetime) -> None:
    night = TimeWindow(zone="Europe/Berlin", begin="22:00", end="06:00")
    day = TimeWindow(zone="Europe/Berlin", begin="06:00", end="22:00")
    assert covers(night, moment) != covers(day, moment)
    assert sum(covers(TimeWindow(weekdays=[one]), moment) for one in Weekday) == 1


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"sources": []},
        {"sources": ["10.0.0.9-10.0.0.1"]},
        {"ports": [0]},
        {"times": [{"zone": "Mars/Olympus"}]},
        {"times": [{"begin": "24:00"}]},
        {"times": [{"weekdays": []}]},
    ],
)
def test_what_makes_no_sense_is_refused(conditions: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Conditions.model_validate(conditions)
