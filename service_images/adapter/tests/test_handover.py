"""Events that find no room are counted in the next one that does."""

import json
from pathlib import Path

import pytest

from honeypot_adapter.bundler import Bundler
from honeypot_adapter.delivery import Delivery
from honeypot_adapter.event import MAX_DETAILS, Contact, Json, Observation, Severity
from honeypot_adapter.handover import Handover
from honeypot_adapter.outbox import Outbox
from sensor_wire.v1.event import EventBody


def made(session: str, observations: int = 1) -> list[Json]:
    bundler = Bundler()
    contact = Contact(session, "tcp", "192.0.2.1", 1, "10.0.0.1", 22)
    observation = Observation(1.0, "connection", Severity.LOW, "connection", "x", "x")
    return bundler.observe(contact, *[observation] * observations, now=0.0)


def kept(outbox: Outbox) -> list[EventBody]:
    found = []
    while waiting := outbox.first():
        found.append(EventBody.parse_strict(json.loads(waiting.line)["event"]))
        outbox.forget(waiting)
    return found


@pytest.mark.parametrize("observations", [1, MAX_DETAILS + 7])
def test_what_is_dropped_is_counted(tmp_path: Path, observations: int) -> None:
    outbox = Outbox(tmp_path / "outbox.db", max_bytes=1)
    handover = Handover(outbox, Delivery(outbox, tmp_path / "no.sock"))
    for session in ("first", "second", "third"):
        handover.keep(made(session))
    assert [event.session for event in kept(outbox)] == ["first"]
    handover.keep([])
    handover.keep(made("later", observations))
    handover.keep(made("dropped"))
    (later,) = kept(outbox)
    assert later.truncated
    assert len(later.details) == min(observations + 1, MAX_DETAILS)
    assert "2 events before this one" in later.details[-1].data
    handover.keep(made("last"))
    assert "1 events before" in kept(outbox)[0].details[-1].data
