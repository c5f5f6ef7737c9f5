"""A session's row says the same in whatever order and portions its events arrive."""

from datetime import timedelta
from typing import Any

from event_builder import START, event
from hypothesis import given
from hypothesis import strategies as st
from server_bench import Bench

from sensor_wire.v1.event import EventKind
from server_app.events.columns import Shelf
from server_app.events.ranks import KINDS
from server_app.events.rollup import row_of_session


def columns(second: int, kind: EventKind, severity: int) -> dict[str, Any]:
    return {
        "time": START + timedelta(seconds=second),
        "kind": kind.value,
        "severity": severity,
        "summary": f"event at {second}",
        "words": f"event at {second}",
        "session": "cowrie-1",
        "sensor_id": 1,
        "division_id": 1,
        "hidden_by": None,
        "service": "cowrie",
        "protocol": "tcp",
        "source_ip": "198.51.100.7",
        "source_port": second,
        "destination_ip": "192.0.2.10",
        "destination_port": 22,
    }


EVENTS = st.lists(
    st.builds(columns, st.integers(0, 10_000), st.sampled_from(EventKind), st.integers(0, 4)),
    min_size=1,
    max_size=12,
    unique_by=lambda event: event["time"],
)


@given(events=EVENTS, shuffled=st.randoms())
def test_order_does_not_matter(events: list[dict[str, Any]], shuffled: Any) -> None:
    row = row_of_session(events)
    mixed = list(events)
    shuffled.shuffle(mixed)

    assert row_of_session(mixed) == row
    assert row["events"] == len(events)
    assert row["source_port"] == min(event["source_port"] for event in events)
    assert set(row["words"].split()) == {"event", "at", *(str(event["source_port"]) for event in events)}
    assert (row["severity"], row["shelf"]) == (max(event["severity"] for event in events), Shelf.LIVE)


def test_every_kind_has_a_rank() -> None:
    assert set(KINDS) == set(EventKind)


def test_a_session_grows_into_one_line(bench: Bench) -> None:
    sensor = bench.sensor()
    target = {"ip": "192.0.2.10", "port": 22}
    sensor.upload([event(1, kind="login", severity="medium", summary="login root/root")])
    sensor.upload([event(0, summary="connection", destination=target), event(9, kind="closed", summary="closed")])

    (row,) = bench.admin.ok("GET", "/events/sessions")["items"]

    assert (row["events"], row["kind"], row["severity"]) == (3, "login", "medium")
    assert row["summary"] == "login root/root"
    assert row["first_time"] < row["last_time"]
    assert row["destination"] == target
    assert bench.admin.ok("GET", f"/events/sessions/{row['id']}") == row
