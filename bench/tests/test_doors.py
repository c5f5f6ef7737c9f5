"""How a honeypot's events tell the number of its visitors, and the visitors themselves, at a server in this process."""

import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from bench.doors import DOORS, Door
from bench.errors import BenchError
from bench.visitors import IN_FLIGHT, Visit, visit_all, visits
from sensor_wire.v1.event import EventBody

TIME = "2026-11-21T10:00:00.000000Z"


def event(details: Sequence[tuple[str, str]]) -> EventBody:
    ends = {"source": {"ip": "192.0.2.1", "port": 1}, "destination": {"ip": "192.0.2.2", "port": 2}}
    facts = {"kind": "connection", "severity": "low", "session": "s", "summary": "x", "protocol": "tcp"}
    told = [{"time": TIME, "kind": kind, "data": data} for kind, data in details]
    return EventBody.parse_strict(
        {"id": "019aa5b2-0000-7000-8000-000000000000", "time": TIME, **ends, **facts, "details": told}
    )


def door(name: str) -> Door:
    return next(each for each in DOORS if each.name == name)


@pytest.mark.parametrize(
    ("name", "details", "expected"),
    [
        ("recon", [("connection", "from port 5, without payload"), ("repeated", "7 more")], 8),
        ("recon", [("omitted", "20 further payloads"), ("payload", "hello")], 0),
        ("web", [("connection", "HTTP from port 5"), ("request", "GET /"), ("repeated", "9 more: GET /")], 10),
        ("web", [("connection", "closed at once: too many are open (from port 5)"), ("user_agent", "curl")], 1),
        ("rdp", [("connection", "RDP connection"), ("protocols", "RDP, TLS"), ("closed", "by the client")], 1),
        ("netservices", [("connection", "FTP connections, too many to tell each of them"), ("repeated", "4 more")], 4),
        ("netservices", [("connection", "FTP connection"), ("username", "x"), ("closed", "after 0.1 s")], 1),
        ("cowrie", [("connection", "SSH connection"), ("client", "SSH-2.0-x")], 1),
    ],
)
def test_connections_are_those_told_and_those_counted(name: str, details: list[tuple[str, str]], expected: int) -> None:
    assert door(name).told([event(details)]) == expected


@contextmanager
def serving(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    heard: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(100))
            self.request.sendall(answer)

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = IN_FLIGHT

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()


def test_each_visitor_asks_and_is_answered() -> None:
    with serving(b"hello \xff") as (port, heard):
        done = visits("127.0.0.1", Visit(port, "ask\x00\xff", "\xff"), 3 * IN_FLIGHT)
    assert (done.made, done.answered, done.answer) == (3 * IN_FLIGHT, 3 * IN_FLIGHT, "hello \xff")
    assert heard == [b"ask\x00\xff"] * 3 * IN_FLIGHT
    assert done.per_second > 0


def test_who_is_sent_away_is_not_answered() -> None:
    with serving(b"go away") as (port, heard):
        done = visit_all("127.0.0.1", Visit(port, "ask", "welcome"), 5)
        silent = visit_all("127.0.0.1", Visit(port), 2)
    assert (done.made, done.answered) == (5, 0)
    assert (silent.answered, heard[5:]) == (2, [b"", b""])


def test_closed_port_ends_the_measurement() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(BenchError, match="refused"):
            visits("127.0.0.1", Visit(port), 1)


def test_every_honeypot_has_a_door() -> None:
    assert len({each.figure for each in DOORS}) == len(DOORS)
