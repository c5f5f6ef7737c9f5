"""Every event that is accepted while forwarding is on arrives, in order, whatever happens to the receiver."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import pytest
from event_builder import event, uuid7
from own_certificates import Own, key_pem, own_certificate, pem
from server_bench import Bench, SensorClient
from sqlalchemy import insert, literal, select, text
from syslog_receiver import Receiver, receiver

from server_app.accounts.models import Role
from server_app.db import now
from server_app.events import settled
from server_app.events.models import Event
from server_app.forwarding import link, outbox
from server_app.forwarding.forwarder import Forwarder
from server_app.forwarding.link import Link, Undeliverable
from server_app.forwarding.message import Sender, check_message
from server_app.forwarding.preferences import ForwardingSection, Transport

SETTINGS, STATE, TEST = "/settings/forwarding", "/forwarding", "/forwarding/test"


class Scene:
    """A server that forwards to a receiver, a sensor, and the worker's forwarder, which delivers when told."""

    def __init__(self, bench: Bench, siem: Receiver) -> None:
        self.bench, self.siem, self.sensor = bench, siem, bench.sensor("cellar-1")
        self.forwarder = Forwarder(bench.database, bench.settings.data_dir, "server.example.com")
        self.settings(enabled=True, host="127.0.0.1", port=siem.port, transport="tcp")

    def settings(self, **values: Any) -> None:
        self.bench.admin.ok("PATCH", SETTINGS, json=values)

    def happens(self, *summaries: str, **others: Any) -> None:
        upload(self.sensor, *summaries, **others)

    def deliver(self) -> None:
        self.forwarder.deliver()

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.bench.admin.ok("GET", STATE)
        return found


def upload(sensor: SensorClient, *summaries: str, **others: Any) -> None:
    answer = sensor.upload([event(summary=summary, **others) for summary in summaries])
    assert answer.status_code == 200, answer.text


@pytest.fixture
def siem() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def scene(bench: Bench, siem: Receiver) -> Iterator[Scene]:
    scene = Scene(bench, siem)
    yield scene
    scene.forwarder.leave()


def test_events_arrive_once_and_in_order(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "AT_ONCE", 3)
    wanted = [f"event {number}" for number in range(10)]
    scene.happens(*wanted[:7])
    scene.deliver()
    scene.happens(*wanted[7:])
    scene.deliver()
    scene.deliver()

    scene.siem.wait_for(10)

    assert scene.siem.summaries == wanted
    assert scene.siem.connections == 1
    state = scene.state
    assert (state["delivered"], state["waiting"], state["waiting_since"], state["failure"]) == (10, 0, None, None)
    assert state["delivered_at"] is not None


def test_a_message_tells_what_the_event_is(scene: Scene) -> None:
    scene.happens(
        "SSH login as root",
        kind="login",
        severity="high",
        details=[{"time": "2026-11-21T08:00:01Z", "kind": "login", "data": "root:caf\u00e9"}],
    )
    scene.deliver()
    (found,) = scene.siem.wait_for(1)

    listed = scene.bench.admin.ok("GET", "/events")["items"][0]
    head = b"<131>1 2026-11-21T08:00:00.000000Z server.example.com honeysens - login - "
    assert scene.siem.messages[0].startswith(head)
    assert (found["event"]["id"], found["event"]["sequence"]) == (listed["uuid"], listed["id"])
    assert (found["source"]["ip"], found["destination"]["port"]) == ("198.51.100.7", 22)
    assert (found["observer"]["name"], found["honeysens"]["session"]) == ("cellar-1", "cowrie-1")
    assert found["organization"]["name"] == scene.bench.admin.ok("GET", "/divisions")["items"][0]["name"]
    assert found["honeysens"]["details"] == [
        {"time": "2026-11-21T08:00:01Z", "kind": "login", "data": "root:caf\u00e9"}
    ]


def test_only_what_is_wanted_is_forwarded(scene: Scene) -> None:
    division = scene.bench.admin.ok("GET", "/divisions")["items"][0]["id"]
    hidden = {"name": "known", "division": division, "conditions": {"sources": ["10.0.0.0/8"]}}
    scene.bench.admin.ok("POST", "/eventfilters", json=hidden)
    scene.settings(least_severity="medium")
    scene.happens("too low", severity="low")
    scene.happens("hidden", severity="critical", source={"ip": "10.1.2.3"})
    assert scene.state["waiting"] == 0
    scene.happens("medium", severity="medium")
    scene.happens("critical", severity="critical")
    assert scene.state["waiting"] == 2
    scene.deliver()
    scene.siem.wait_for(2)
    assert scene.siem.summaries == ["medium", "critical"]


def test_forwarding_begins_and_ends_when_it_is_switched(scene: Scene) -> None:
    scene.settings(enabled=False)
    scene.happens("while it was off")
    scene.deliver()
    scene.settings(enabled=True)
    scene.settings(facility="auth")
    scene.happens("while it was on")
    scene.deliver()
    scene.siem.wait_for(1)
    scene.happens("forgotten")
    scene.settings(enabled=False)
    scene.settings(enabled=True)
    scene.deliver()
    scene.happens("on again")
    scene.deliver()
    scene.siem.wait_for(2)
    assert scene.siem.summaries == ["while it was on", "on again"]
    assert scene.siem.messages[0].startswith(b"<37>1 ")


def test_what_happens_while_the_receiver_is_down_is_delivered_later_in_order(scene: Scene) -> None:
    scene.happens("before")
    scene.deliver()
    scene.siem.wait_for(1)
    scene.siem.stop()
    scene.happens("first")
    scene.deliver()
    scene.happens("second")
    scene.deliver()

    down = scene.state
    assert (down["waiting"], down["delivered"]) == (2, 1)
    assert down["failure"] == f"127.0.0.1:{scene.siem.port}: connecting: Connection refused"
    assert down["failing_since"] is not None
    assert down["waiting_since"] < down["failing_since"]

    scene.siem.start()
    scene.deliver()
    scene.siem.wait_for(3)
    assert scene.siem.summaries == ["before", "first", "second"]
    up = scene.state
    assert (up["waiting"], up["delivered"], up["failure"], up["failing_since"]) == (0, 3, None, None)


def test_what_a_crashed_receiver_had_not_read_is_sent_again(scene: Scene) -> None:
    scene.happens("read")
    scene.deliver()
    scene.siem.wait_for(1)
    scene.siem.reads.clear()
    scene.happens("the reader is waiting for this one", "unread 1", "unread 2")
    scene.deliver()
    assert scene.state["delivered"] == 4, "its machine has taken them"
    scene.siem.stop(abruptly=True)
    scene.deliver()
    assert "Connection reset by peer" in scene.state["failure"]
    scene.siem.start()
    scene.deliver()
    scene.siem.wait_for(5)
    assert {"unread 1", "unread 2"} <= set(scene.siem.summaries)


def test_a_receiver_that_hangs_up_after_reading_gets_nothing_twice(scene: Scene) -> None:
    for number in range(3):
        scene.happens(f"event {number}")
        scene.deliver()
        scene.siem.wait_for(number + 1)
        scene.siem.hang_up()
    scene.deliver()
    assert scene.siem.summaries == ["event 0", "event 1", "event 2"]
    assert (scene.siem.connections, scene.state["failure"]) == (3, None)


def test_what_was_read_before_the_good_bye_is_beyond_doubt(siem: Receiver) -> None:
    section = ForwardingSection(host="127.0.0.1", port=siem.port, transport=Transport.TCP)
    connection = Link(section)
    connection.send(check_message(Sender("server", section.facility), now()), 7)
    siem.wait_for(1)
    assert connection.doubtful_from(9) == 7
    siem.hang_up()
    with pytest.raises(Undeliverable, match="has closed the connection"):
        keep_sending(connection)
    assert connection.doubtful_from(9) == 9
    connection.drop()


def keep_sending(connection: Link) -> NoReturn:
    while True:  # the good-bye is on its way
        connection.send(b"", 8)


def test_another_receiver_gets_what_comes_after_it_was_named(scene: Scene) -> None:
    scene.happens("for the first")
    scene.deliver()
    with receiver() as second:
        scene.settings(port=second.port)
        scene.happens("for the second")
        scene.deliver()
        second.wait_for(1)
        assert (scene.siem.summaries, second.summaries) == (["for the first"], ["for the second"])
        scene.forwarder.leave()


def test_a_receiver_that_takes_nothing_is_given_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.siem.reads.clear()
    long = [{"time": "2026-11-21T08:00:01Z", "kind": "x", "data": "x" * 4000}]
    for _ in range(10):  # more than the buffers of both sides hold
        scene.happens(*["long"] * 200, details=long)
    with monkeypatch.context() as patch:
        patch.setattr(link, "STUCK_SECONDS", 0.2)
        scene.deliver()
    assert scene.state["failure"] == f"127.0.0.1:{scene.siem.port}: sending: no answer in time"
    scene.siem.reads.set()
    scene.deliver()
    ids = {document["event"]["id"] for document in scene.siem.wait_for(2000)}
    scene.deliver()
    assert len(ids) == 2000 or len({one["event"]["id"] for one in scene.siem.wait_for(2001)}) == 2000


def test_one_worker_delivers_and_the_next_goes_on_when_it_is_gone(scene: Scene) -> None:
    other = Forwarder(scene.bench.database, scene.bench.settings.data_dir, "server.example.com")
    scene.happens("one")
    scene.deliver()
    scene.happens("two")
    other.deliver()
    scene.siem.wait_for(1)
    assert scene.state["waiting"] == 1
    scene.forwarder.leave()
    other.deliver()
    scene.siem.wait_for(2)
    scene.deliver()
    other.leave()
    assert scene.siem.summaries == ["one", "two"]


def test_removed_before_delivered_is_counted(scene: Scene) -> None:
    scene.happens("delivered", session="a")
    scene.deliver()
    scene.siem.stop()
    scene.happens("waits", session="b")
    scene.happens("waits too", session="c")
    for row in scene.bench.admin.ok("GET", "/events/sessions")["items"]:
        scene.bench.admin.ok("DELETE", f"/events/sessions/{row['id']}")
    assert (scene.state["removed"], scene.state["waiting"]) == (2, 0)
    scene.happens("goes with its sensor")
    scene.bench.admin.ok("DELETE", f"/sensors/{scene.sensor.id}")
    assert (scene.state["removed"], scene.state["waiting"]) == (3, 0)


@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        ({"enabled": True}, "/host", "name the receiver"),
        ({"host": "two words"}, "/host", "pattern"),
        ({"port": 0}, "/port", "greater than or equal to 1"),
        ({"ca": "no certificate"}, "/ca", "no certificates in PEM"),
        ({"ca": "caf\u00e9"}, "/ca", "no certificates in PEM"),
        ({"facility": "kern"}, "/facility", "'user'"),
        ({"least_severity": 3}, "/least_severity", "'info'"),
        ({"format": "cef"}, "/format", "'ecs'"),
        ({"transport": "udp"}, "/transport", "'tls'"),
        ({"password": "x"}, "/password", "not permitted"),
    ],
)
def test_bad_settings_are_refused_with_field_and_reason(bench: Bench, body: Any, pointer: str, reason: str) -> None:
    answer = bench.admin.call("PATCH", SETTINGS, json=body)
    assert answer.status_code == 400
    (error,) = (answer.json or {})["errors"]
    assert error["pointer"] == pointer
    assert reason in error["reason"]
    assert bench.admin.ok("GET", STATE)["enabled"] is False


def test_without_a_host_there_is_nothing_to_test(bench: Bench) -> None:
    answer = bench.admin.call("POST", TEST)
    assert (answer.status_code, (answer.json or {})["errors"][0]["pointer"]) == (409, "/host")
    assert bench.admin.ok("GET", STATE).items() >= {"enabled": False, "waiting": 0, "failure": None}.items()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OBSERVER])
def test_forwarding_is_for_administrators(bench: Bench, role: Role) -> None:
    person = bench.user("somebody", role, 1)
    assert person.call("GET", STATE).status_code == 403
    assert person.call("POST", TEST).status_code == 403


class Tls:
    """A receiver with a certificate of its own authority."""

    def __init__(self, folder: Path, own: Own, *, wants_ours: bool = False) -> None:
        (folder / "chain.pem").write_text(pem(own.leaf) + own.middle.pem)
        (folder / "key.pem").write_text(key_pem(own.key))
        self.ca = own.root.pem
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=own.root.pem)
        self.context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED if wants_ours else ssl.CERT_NONE


def test_over_tls_to_whom_the_authority_vouches_for(bench: Bench, tmp_path: Path) -> None:
    tls = Tls(tmp_path, own_certificate("localhost"))
    with receiver(tls.context) as siem:
        scene = Scene(bench, siem)
        scene.settings(host="localhost", transport="tls", ca=tls.ca)
        assert bench.admin.ok("POST", TEST).items() >= {"delivered": True, "failure": None}.items()
        scene.happens("one", "two")
        scene.deliver()
        siem.hang_up()
        scene.happens("three")
        scene.deliver()
        scene.deliver()
        siem.wait_for(4)
        assert siem.summaries[1:] == ["one", "two", "three"]
        scene.forwarder.leave()


@pytest.mark.parametrize(
    ("what", "failure"),
    [
        ("a stranger", "TLS: its certificate is not trusted: "),
        ("another's name", "TLS: its certificate is not trusted: Hostname mismatch"),
        ("wants our certificate", "TLS: refused: TLSV13_ALERT_CERTIFICATE_REQUIRED"),
    ],
)
def test_over_tls_to_nobody_else(bench: Bench, tmp_path: Path, what: str, failure: str) -> None:
    name = "elsewhere.example.com" if what == "another's name" else "localhost"
    tls = Tls(tmp_path, own_certificate(name), wants_ours=what == "wants our certificate")
    with receiver(tls.context) as siem:
        scene = Scene(bench, siem)
        trusted = own_certificate().root.pem if what == "a stranger" else tls.ca
        scene.settings(host="localhost", transport="tls", ca=trusted)
        scene.happens("secret")
        tested = bench.admin.ok("POST", TEST)
        assert tested["delivered"] is False
        assert tested["failure"].startswith(f"localhost:{siem.port}: {failure}")
        for _ in range(3):
            scene.deliver()
        assert scene.state["failure"].startswith(f"localhost:{siem.port}: ")
        assert siem.messages == []
        scene.forwarder.leave()


def test_a_test_says_what_is_wrong(scene: Scene) -> None:
    def failure(**settings: Any) -> str:
        scene.settings(**settings)
        tested = scene.bench.admin.ok("POST", TEST)
        assert tested["delivered"] is (tested["failure"] is None)
        return str(tested["failure"])

    assert failure() == "None"
    assert scene.siem.wait_for(1)[0]["event"]["action"] == "test"
    port = scene.siem.port
    unknown = failure(host="no-such-host.invalid")
    assert unknown == f"no-such-host.invalid:{port}: connecting: the name of the host is not known"
    assert failure(host="a..b") == f"a..b:{port}: this cannot be the name of a host"
    assert failure(host="localhost", transport="tls").startswith(f"localhost:{port}: TLS: ")
    scene.siem.stop()
    assert failure(host="127.0.0.1") == f"127.0.0.1:{port}: connecting: Connection refused"


ON_POSTGRES = [pytest.param("postgresql", marks=pytest.mark.postgres)]
"""SQLite has one writer, so that nobody can be overtaken."""


@contextmanager
def uncommitted(bench: Bench, summary: str) -> Iterator[None]:
    """A copy of an event that has its number and can be seen only after the end."""
    columns = [column.name for column in Event.__table__.columns if column.name != "id"]
    changed: dict[str, Any] = {"uuid": literal(UUID(uuid7())), "summary": literal(summary)}
    wanted: list[Any] = [changed.get(name, getattr(Event, name)) for name in columns]
    copied = select(*wanted).limit(1)
    with bench.database.writing() as session:
        session.execute(insert(Event).from_select(columns, copied))
        yield


@pytest.mark.parametrize("prepared", ON_POSTGRES, indirect=True)
def test_a_lower_number_that_is_committed_later_is_not_passed_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled, "PATIENCE", 0.1)
    scene.happens("first")
    scene.deliver()
    with uncommitted(scene.bench, "lower"):
        scene.happens("higher")
        scene.deliver()
        assert (scene.state["delivered"], scene.state["waiting"]) == (1, 1)
    scene.deliver()
    scene.siem.wait_for(3)
    assert scene.siem.summaries == ["first", "lower", "higher"]


@pytest.mark.parametrize("prepared", ON_POSTGRES, indirect=True)
def test_what_is_committed_after_switching_on_is_forwarded_whenever_it_began(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.settings(enabled=False)
    scene.happens("before")
    with uncommitted(scene.bench, "began before"):
        scene.happens("before too")
        monkeypatch.setattr(settled, "PATIENCE", 0.1)
        assert scene.bench.admin.call("PATCH", SETTINGS, json={"enabled": True}).status_code == 503
        assert scene.state["enabled"] is False
    scene.settings(enabled=True)
    with uncommitted(scene.bench, "lower"):
        scene.happens("higher")
    scene.deliver()
    scene.siem.wait_for(2)
    assert scene.siem.summaries == ["lower", "higher"]


@pytest.mark.parametrize("prepared", ON_POSTGRES, indirect=True)
def test_numbers_are_not_kept_in_stock(bench: Bench) -> None:
    """A connection that had some in stock could use a lower one long after others have used higher ones."""
    with bench.database.reading() as session:
        found = session.scalar(
            text("SELECT seqcache FROM pg_sequence WHERE seqrelid = pg_get_serial_sequence('events', 'id')::regclass")
        )
    assert found == 1
