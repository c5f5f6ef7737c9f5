"""When events go out, what is in them, and that none ever breaks the contract."""

import base64
import json
from uuid import UUID

from honeypot_adapter.bundler import Bundler
from honeypot_adapter.event import Contact, Json, Observation, Payload, Severity
from sensor_wire.v1.event import MAX_EVENT_BYTES, EventBody

CONTACT = Contact("session-1", "tcp", "192.0.2.1", 40000, "10.10.10.2", 2222)


def observed(
    text: str, severity: Severity = Severity.LOW, kind: str = "connection", time: float = 1000.0
) -> Observation:
    return Observation(time, kind, severity, "entry", text, f"summary of {text}")


def texts(event: Json) -> list[str]:
    return [detail["data"] for detail in event["details"]]


def valid(event: Json) -> EventBody:
    line = json.dumps(event, ensure_ascii=False)
    assert len(line.encode()) < MAX_EVENT_BYTES
    return EventBody.parse_strict(json.loads(line))


def test_first_observation_goes_out_at_once() -> None:
    (event,) = Bundler().observe(CONTACT, observed("hello"), now=0)
    body = valid(event)
    assert (str(body.source.ip), body.source.port) == ("192.0.2.1", 40000)
    assert (body.session, body.kind, body.severity, body.summary) == (
        "session-1",
        "connection",
        "low",
        "summary of hello",
    )


def test_what_follows_waits_for_thirty_seconds() -> None:
    bundler = Bundler()
    bundler.observe(CONTACT, observed("first"), now=0)
    assert bundler.observe(CONTACT, observed("second"), now=5) == []
    assert bundler.observe(CONTACT, observed("third"), now=20) == []
    assert bundler.due(34.9) == []
    (event,) = bundler.due(35)
    assert texts(event) == ["second", "third"]
    assert bundler.due(100) == []


def test_rising_severity_does_not_wait_and_equal_severity_does() -> None:
    bundler = Bundler()
    bundler.observe(CONTACT, observed("contact"), now=0)
    bundler.observe(CONTACT, observed("waits"), now=1)
    (event,) = bundler.observe(CONTACT, observed("login", Severity.HIGH, "login"), now=2)
    assert texts(event) == ["waits", "login"]
    assert (event["kind"], event["severity"], event["summary"]) == ("login", "high", "summary of login (and 1 more)")
    assert bundler.observe(CONTACT, observed("again", Severity.HIGH, "login"), now=3) == []


def test_end_of_session_takes_the_rest_along() -> None:
    bundler = Bundler()
    bundler.observe(CONTACT, observed("first"), now=0)
    bundler.observe(CONTACT, observed("second"), now=1)
    (event,) = bundler.observe(CONTACT, observed("bye", Severity.INFO, "closed"), now=2, end=True)
    assert texts(event) == ["second", "bye"]
    assert (event["kind"], bundler.contact("session-1")) == ("connection", None)


def test_bounds_of_the_contract_hold_and_omissions_are_counted() -> None:
    bundler = Bundler()
    bundler.observe(CONTACT, observed("first"), now=0)
    payload = Payload(b"\xff" * 10_000, 80)
    for _ in range(1000):
        bundler.observe(CONTACT, observed('"\x00\ud800\u4e2d' * 2000), now=1)
        bundler.observe(CONTACT, Observation(1.0, "request", Severity.LOW, "payload", "x", "s" * 999, payload), now=1)
    (event,) = bundler.due(50)
    body = valid(event)
    assert body.truncated
    assert body.details[-1].kind == "omitted"
    assert len(base64.b64decode(body.packets[0].payload)) == 4096


def test_many_short_details_stay_within_their_number() -> None:
    bundler = Bundler()
    bundler.observe(CONTACT, observed("first"), now=0)
    for number in range(600):
        bundler.observe(CONTACT, observed(str(number)), now=1)
    (event,) = bundler.due(50)
    assert len(valid(event).details) == 512
    assert event["details"][-1]["data"].startswith("89 entries")


def test_ids_are_unique_version_7_and_the_same_for_the_same_history() -> None:
    def history() -> list[Json]:
        bundler = Bundler()
        events = bundler.observe(CONTACT, observed("first"), now=0)
        events += bundler.observe(CONTACT, observed("second", Severity.HIGH), now=1)
        return events + bundler.close("session-1")

    first, second = history(), history()
    assert first == second
    assert len({event["id"] for event in first}) == 2
    assert {UUID(event["id"]).version for event in first} == {7}


def test_session_goes_on_after_dump_and_load() -> None:
    before = Bundler()
    before.observe(CONTACT, observed("first", Severity.HIGH), now=0)
    before.observe(CONTACT, observed("waiting"), now=1)
    state = before.dump("session-1")
    assert state
    after = Bundler()
    after.load(iter([state]))
    assert after.observe(CONTACT, observed("not rising", Severity.HIGH), now=2) == []
    before.observe(CONTACT, observed("not rising", Severity.HIGH), now=2)
    assert after.due(40) == before.due(40) != []


def test_number_of_sessions_is_bounded() -> None:
    bundler = Bundler()
    for number in range(5000):
        contact = Contact(f"s{number}", "tcp", "192.0.2.1", 1, "10.0.0.1", 1)
        bundler.observe(contact, observed("x"), now=0)
        bundler.observe(contact, observed("waiting"), now=0)
    assert len(bundler.due(100)) == 4096
