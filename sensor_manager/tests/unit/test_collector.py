"""The honeypots' side over real sockets."""

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from sensor_support.builders import event, eventually, uuid7

from sensor_manager.model import Pot
from sensor_manager.plan.destination import Exposure
from sensor_manager.spool.collector import Collector
from sensor_manager.spool.dialogue import MAX_LINE_BYTES, CaptureUnavailableError, Dialogue
from sensor_manager.spool.store import SpoolStore
from sensor_wire.honeypot.socket import CaptureRequest
from sensor_wire.v1.event import Event

EXPOSURE = Exposure((IPv4Address("192.0.2.1"),), Pot(IPv4Address("10.10.10.2")), {"2222/tcp": 22})


def capture(service: str, _request: CaptureRequest) -> Sequence[socket.socket]:
    if service == "recon":
        return socket.socketpair()
    raise CaptureUnavailableError(f"{service} is no catch-all", temporary=service == "early")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SpoolStore]:
    with SpoolStore(tmp_path / "spool.db") as made:
        yield made


@pytest.fixture
def collector(tmp_path: Path, store: SpoolStore) -> Iterator[Collector]:
    made = Collector(
        tmp_path / "services",
        os.getuid(),
        lambda service: Dialogue(service, store, lambda: EXPOSURE, capture),
        lambda service: f"identity of {service}",
        lambda _service: EXPOSURE.sensor_addresses,
    )
    made.serve(["cowrie", "recon", "early"])
    yield made
    made.close()


@contextmanager
def adapter(collector: Collector, service: str = "cowrie") -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as made:
        made.settimeout(20)
        made.connect(str(collector.folder(service) / "events.sock"))
        yield made


def ask(connection: socket.socket, line: bytes) -> dict[str, Any]:
    connection.sendall(line + b"\n")
    answer: dict[str, Any] = json.loads(connection.makefile().readline())
    return answer


def submission(made: Event) -> dict[str, Any]:
    return {"event": made.model_dump(mode="json", exclude={"service"})}


def test_event_is_stored_under_its_sockets_service_with_the_addressed_destination(
    collector: Collector, store: SpoolStore
) -> None:
    made = event()
    line = submission(made)
    line["event"]["service"] = "somebody-else"
    with adapter(collector) as connection:
        assert ask(connection, json.dumps(line).encode()) == {"status": "stored", "id": str(made.id)}
        assert ask(connection, json.dumps(line).encode())["status"] == "stored"
    (stored,) = store.oldest(10, 10**6)
    body = json.loads(stored.body)
    assert body["service"] == "cowrie"
    assert body["destination"] == {"ip": "192.0.2.1", "port": 22}


BAD = {
    "no JSON": b"{",
    "no event": b"[]",
    "nothing": b"{}",
    "nested": b"[" * 100_000,
    "field missing": json.dumps({"event": {"id": str(uuid7())}}).encode(),
    "wrong type": json.dumps(submission(event()) | {"event": 5}).encode(),
    "old uuid": json.dumps(
        {"event": submission(event())["event"] | {"id": "00000000-0000-4000-8000-000000000000"}}
    ).encode(),
    "lone surrogate": json.dumps({"event": submission(event())["event"] | {"summary": "\ud800"}}).encode(),
    "unknown request": b'{"request":"root"}',
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD.keys())
def test_bad_lines_are_rejected_with_a_reason_and_hurt_nobody(
    collector: Collector, store: SpoolStore, line: bytes
) -> None:
    with adapter(collector) as connection:
        answer = ask(connection, line)
        assert answer["status"] == "rejected"
        assert answer["reason"]
        assert ask(connection, json.dumps(submission(event())).encode())["status"] == "stored"
    assert store.report().depth == 1


def test_endless_line_ends_the_connection_only(collector: Collector) -> None:
    with adapter(collector) as connection:
        answer = ask(connection, b"x" * (MAX_LINE_BYTES + 10))
        assert answer["status"] == "rejected"
    with adapter(collector) as connection:
        assert ask(connection, json.dumps(submission(event())).encode())["status"] == "stored"


def test_half_a_line_is_no_event(collector: Collector, store: SpoolStore) -> None:
    with adapter(collector) as connection:
        connection.sendall(json.dumps(submission(event())).encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(10) == b""
    assert store.report().depth == 0


def test_unusable_spool_asks_to_come_again(collector: Collector, store: SpoolStore) -> None:
    with adapter(collector) as connection:
        store.close()
        assert ask(connection, json.dumps(submission(event())).encode())["status"] == "busy"


def test_capture_hands_over_descriptors(collector: Collector) -> None:
    with adapter(collector, "recon") as connection:
        connection.sendall(b'{"request":"capture"}\n')
        line, descriptors, _, _ = socket.recv_fds(connection, 1000, 3)
    assert json.loads(line) == {"status": "ok"}
    first, second = (socket.socket(fileno=each) for each in descriptors)
    with first, second:
        first.sendall(b"through")
        assert second.recv(10) == b"through"


@pytest.mark.parametrize(("service", "status"), [("cowrie", "rejected"), ("early", "busy")])
def test_capture_refused(collector: Collector, service: str, status: str) -> None:
    with adapter(collector, service) as connection:
        assert ask(connection, b'{"request":"capture"}')["status"] == status


def test_sockets_follow_the_services(collector: Collector) -> None:
    folder = collector.folder("cowrie")
    with adapter(collector) as connection:
        collector.serve(["recon"])
        assert connection.recv(10) == b""
    assert not folder.exists()
    collector.serve(["cowrie", "recon"])
    with adapter(collector) as connection:
        assert ask(connection, json.dumps(submission(event())).encode())["status"] == "stored"


def test_vanished_socket_is_made_again_in_the_same_folder(collector: Collector) -> None:
    folder = collector.folder("cowrie")
    inode = folder.stat().st_ino
    (folder / "events.sock").unlink()
    collector.serve(["cowrie"])
    assert folder.stat().st_ino == inode
    with adapter(collector) as connection:
        assert ask(connection, json.dumps(submission(event())).encode())["status"] == "stored"


def test_only_the_honeypots_user_may_connect(collector: Collector) -> None:
    status = (collector.folder("cowrie") / "events.sock").stat()
    assert status.st_mode & 0o777 == 0o600


def test_each_service_has_its_identity_beside_the_socket_as_long_as_it_is_wanted(collector: Collector) -> None:
    files = {name: collector.folder(name) / "identity" for name in ("cowrie", "recon")}
    assert {name: file.read_text() for name, file in files.items()} == {
        "cowrie": "identity of cowrie",
        "recon": "identity of recon",
    }
    assert files["cowrie"].stat().st_mode & 0o777 == 0o400
    addresses = (collector.folder("cowrie") / "addresses").read_text()
    assert addresses.split() == [str(each) for each in EXPOSURE.sensor_addresses] != []
    inode = files["recon"].stat().st_ino
    files["cowrie"].unlink()
    collector.serve(["cowrie", "recon"])
    assert files["cowrie"].read_text() == "identity of cowrie"
    assert files["recon"].stat().st_ino == inode, "it is written once"
    collector.serve(["recon"])
    assert not files["cowrie"].exists()


def test_one_services_many_connections_do_not_hinder_another(collector: Collector) -> None:
    path = str(collector.folder("cowrie") / "events.sock")
    hoarded = []
    for _ in range(30):
        each = socket.socket(socket.AF_UNIX)
        each.settimeout(0.2)
        hoarded.append(each)
        with suppress(OSError):  # the backlog is full, which is fine
            each.connect(path)
    with adapter(collector, "recon") as connection:
        assert ask(connection, json.dumps(submission(event())).encode())["status"] == "stored"
    for each in hoarded:
        each.close()

    def served() -> bool:
        with adapter(collector) as connection:
            return bool(ask(connection, json.dumps(submission(event())).encode())["status"] == "stored")

    eventually(served, "the service itself is served again")
