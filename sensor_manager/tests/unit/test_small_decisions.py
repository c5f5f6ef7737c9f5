"""Addresses, destinations, drops, patience, and which old flows must go."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_support.builders import event

from sensor_manager.effects.engine_api import EngineApi, lines_of
from sensor_manager.effects.errors import EffectError
from sensor_manager.model import Attempts, CatchAll, Forward, Forwarding, Pot
from sensor_manager.plan.addresses import allocate
from sensor_manager.plan.attempts import after_end, after_failure, after_start, after_success, crash_loops
from sensor_manager.plan.backoff import backoff_delay
from sensor_manager.plan.destination import Exposure, as_outside
from sensor_manager.plan.last_lines import last_lines
from sensor_manager.plan.spool_drops import SpooledSize, choose_drops
from sensor_manager.plan.stale_flows import FlowsOf, FlowsTo, stale_flows
from sensor_wire.v1.event import Endpoint, Protocol
from sensor_wire.v1.poll import ServiceReport, ServiceState

POOL = IPv4Network("10.10.10.0/24")
POT, OTHER = IPv4Address("10.10.10.2"), IPv4Address("10.10.10.6")


def test_addresses_stay_and_gaps_are_filled() -> None:
    taken = [("kept", IPv4Network("10.10.10.4/30")), ("leaving", IPv4Network("10.10.10.0/30"))]
    places = allocate(POOL, ["new", "kept"], taken)
    assert str(places["kept"].address) == "10.10.10.6"
    assert places["kept"].bridge == "hs-pot1"
    assert str(places["new"].subnet) == "10.10.10.8/30"
    assert str(places["new"].gateway) == "10.10.10.9"


def test_full_pool_leaves_services_out() -> None:
    assert len(allocate(IPv4Network("10.10.10.0/29"), ["a", "b", "c"], [])) == 2


@given(names=st.sets(st.text("abcdef", min_size=1, max_size=3), max_size=64))
def test_places_never_overlap(names: set[str]) -> None:
    places = allocate(POOL, names, [])
    assert len({place.subnet for place in places.values()}) == len(names)
    assert all(len(place.bridge) < 16 for place in places.values())


POT6 = IPv6Address("fd00::2")
PLACE = Pot(POT, POT6)
EXPOSURE = Exposure((IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")), PLACE, {"2222/tcp": 22})


@pytest.mark.parametrize(
    ("protocol", "seen", "addressed"),
    [
        ("tcp", ("10.10.10.2", 2222), ("192.0.2.1", 22)),
        ("udp", ("10.10.10.2", 2222), ("192.0.2.1", 2222)),
        ("tcp", ("10.10.10.2", 4711), ("192.0.2.1", 4711)),
        ("tcp", ("0.0.0.0", 2222), ("192.0.2.1", 22)),
        ("icmp", ("10.10.10.2", None), ("192.0.2.1", None)),
        ("tcp", ("198.51.100.9", 2222), ("198.51.100.9", 2222)),
        ("tcp", ("fd00::2", 2222), ("2001:db8::1", 22)),
    ],
)
def test_destination(protocol: str, seen: tuple[str, int | None], addressed: tuple[str, int | None]) -> None:
    destination = Endpoint.model_validate({"ip": seen[0], "port": seen[1]})
    source = Endpoint(ip="2001:db8::7" if ":" in seen[0] else "192.0.2.7", port=40000)
    body = event(protocol=Protocol(protocol), destination=destination, source=source)
    expected = Endpoint.model_validate({"ip": addressed[0], "port": addressed[1]})
    assert as_outside(body, EXPOSURE).destination == expected


def test_destination_without_address_keeps_what_was_seen() -> None:
    assert str(as_outside(event(), Exposure((), PLACE)).destination.ip) == "10.10.10.2"


def test_ends_of_a_socket_for_both_versions_are_told_plainly() -> None:
    source, destination = Endpoint(ip="::ffff:192.0.2.7", port=4), Endpoint(ip="::ffff:10.10.10.2", port=2222)
    outside = as_outside(event(source=source, destination=destination), EXPOSURE)
    assert (str(outside.source.ip), str(outside.destination.ip)) == ("192.0.2.7", "192.0.2.1")
    assert outside.destination.port == 22


@pytest.mark.parametrize(("excess", "drops"), [(0, []), (-5, []), (1, [1]), (10, [1]), (11, [1, 2]), (999, [1, 2])])
def test_drops(excess: int, drops: list[int]) -> None:
    assert choose_drops([SpooledSize(1, 10), SpooledSize(2, 10)], excess) == drops


@given(st.integers(-5, 10_000), st.floats(0, 1))
def test_backoff_is_bounded(failures: int, jitter: float) -> None:
    delay = backoff_delay(failures, first=1, cap=60, jitter=jitter)
    assert delay == 0 if failures <= 0 else 0.5 <= delay <= 60


def test_backoff_grows() -> None:
    assert [backoff_delay(count, first=1, cap=60, jitter=1) for count in (1, 2, 3, 7, 8)] == [1, 2, 4, 60, 60]


def test_attempts() -> None:
    first = after_start(None, 10, 1, again=False)
    assert first == Attempts(count=1, retry_at=11)
    second = after_start(after_end(first, "code 1", ("oh",)), 11, 1, again=True)
    assert second == Attempts(count=2, retry_at=13, restarts=1, ending="code 1", log=("oh",))
    failed = after_failure(second, 13, 1, "why")
    assert failed == Attempts(count=3, retry_at=17, error="why", restarts=1, ending="code 1", log=("oh",))
    assert not crash_loops(failed)
    assert crash_loops(after_start(failed, 17, 1, again=True))
    assert after_success(failed) == Attempts(restarts=1)
    assert not crash_loops(Attempts(count=9, error="cannot be pulled"))


SSH = Forward("tcp", 22, Pot(POT), 2222)
DNS = Forward("udp", 53, Pot(POT), 53)
SIX = Forward("tcp", 23, PLACE, 23)
MANY = Forward("udp", 5000, Pot(POT), None, 5099)


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        (Forwarding("e", forwards=(SSH,)), Forwarding("e", forwards=(SSH,)), []),
        (Forwarding("e", forwards=(SSH,)), Forwarding("e"), [FlowsTo(POT)]),
        (Forwarding("e", forwards=(SSH, DNS)), Forwarding("e", forwards=(SSH,)), [FlowsOf("udp", 53)]),
        (Forwarding("e"), Forwarding("e", forwards=(SSH,)), []),
        (Forwarding("e", forwards=(SSH, MANY)), Forwarding("e", forwards=(SSH,)), [FlowsOf("udp")]),
        (Forwarding("e", forwards=(SIX,)), Forwarding("e"), [FlowsTo(POT), FlowsTo(POT6)]),
        (
            Forwarding("e", forwards=(SSH,), catch_alls=(CatchAll(Pot(OTHER)),)),
            Forwarding("e", forwards=(SSH,)),
            [FlowsTo(OTHER), FlowsOf("udp"), FlowsOf("icmp")],
        ),
    ],
)
def test_stale_flows(old: Forwarding, new: Forwarding, stale: list[FlowsOf | FlowsTo]) -> None:
    assert stale_flows(old, new) == stale


@given(st.binary(max_size=5000))
def test_last_lines_fit_the_report(written: bytes) -> None:
    report = ServiceReport(name="cowrie", state=ServiceState.FAILED, log=list(last_lines(written)))
    assert all(report.log)


def test_last_lines_are_plain() -> None:
    assert last_lines("one\n\n\x1b[31mt\two\u202e\r\n".encode()) == ("one", "?[31mt wo?")
    assert last_lines(b"\n".join(b"%d" % number for number in range(99)))[0] == "89"


def test_frames_of_both_outputs_become_lines() -> None:
    frames = b"\x01\0\0\0\0\0\0\x04one\n" + b"\x02\0\0\0\0\0\0\x04two\n"
    assert lines_of(frames) == b"one\ntwo\n"
    assert lines_of(frames[:-1]) == b"one\ntwo"
    assert lines_of(b"") == b""


def test_engine_is_on_this_machine_and_silence_is_explained(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="begins with unix://"):
        EngineApi("tcp://192.0.2.1:2375")
    with pytest.raises(EffectError, match="is the engine running"):
        EngineApi(f"unix://{tmp_path}/nobody.sock").call("GET", "/info")
