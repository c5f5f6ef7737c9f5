"""Contacts and scans, on a clock that the test turns."""

import json
import random

from recon.moment import Moment
from recon.packets import Seen
from recon.port_sessions import MAX_HELD
from recon.tracker import Tracker

from honeypot_adapter.event import Json
from sensor_wire.v1.event import EventBody

WALL = 1_800_000_000.0


class Bench:
    """A tracker with a clock; collects its events and holds each against the contract."""

    def __init__(self) -> None:
        self.tracker = Tracker()
        self.time = 0.0
        self.events: list[Json] = []

    @property
    def at(self) -> Moment:
        return Moment(self.time, WALL + self.time)

    def keep(self, events: list[Json]) -> None:
        for event in events:
            EventBody.parse_strict(json.loads(json.dumps(event)))
        self.events += events

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.time += 0.1
            self.keep(self.tracker.tick(self.at))

    def touch(self, port: int, source: str = "192.0.2.1", source_port: int = 4000) -> None:
        self.keep(self.tracker.touch(Seen("tcp", source, source_port, "10.0.0.2", port, b""), self.at))

    def connect(self, port: int, data: bytes = b"", source_port: int = 4000) -> None:
        seen = Seen("tcp", "192.0.2.1", source_port, "10.0.0.2", port, b"")
        self.keep(self.tracker.touch(seen, self.at))
        self.keep(self.tracker.accepted(seen, self.at))
        if data:
            self.keep(self.tracker.payload(seen._replace(payload=data), self.at))

    def datagram(self, port: int, data: bytes = b"x", source: str = "192.0.2.1") -> None:
        self.keep(self.tracker.touch(Seen("udp", source, 4000, "10.0.0.2", port, data), self.at))

    def ping(self) -> None:
        self.keep(self.tracker.touch(Seen("icmp", "192.0.2.1", 0, "10.0.0.2", 0, b"abcd"), self.at))

    def details(self, kind: str) -> list[str]:
        return [detail["data"] for event in self.events for detail in event["details"] if detail["kind"] == kind]

    @property
    def sessions(self) -> set[str]:
        return {event["session"] for event in self.events}


def test_contact_is_told_within_a_second_with_its_payload() -> None:
    bench = Bench()
    bench.connect(4711, b"hello")
    bench.wait(1.1)
    (event,) = bench.events
    assert (event["kind"], event["severity"], event["destination"]["port"]) == ("connection", "low", 4711)
    assert event["summary"] == "TCP port 4711: 5 bytes: hello"
    assert event["packets"][0]["port"] == 4711
    bench.wait(60)
    assert len(bench.events) == 1


def test_late_payload_belongs_to_the_same_session() -> None:
    bench = Bench()
    bench.connect(4711)
    bench.wait(10)
    seen = Seen("tcp", "192.0.2.1", 4000, "10.0.0.2", 4711, b"late")
    bench.keep(bench.tracker.payload(seen, bench.at))
    assert [detail["data"] for event in bench.events for detail in event["details"]][-1] == "late"
    assert len(bench.sessions) == 1


def test_connections_to_one_port_are_one_session() -> None:
    bench = Bench()
    for number in range(300):
        bench.connect(80, b"GET /", source_port=5000 + number)
        bench.wait(0.1)
    bench.wait(60)
    assert len(bench.sessions) == 1
    assert len(bench.events) <= 10


def test_half_open_contact_is_named_and_a_repeated_syn_is_none() -> None:
    bench = Bench()
    bench.touch(22)
    bench.touch(22)
    bench.wait(60)
    (event,) = bench.events
    assert event["summary"] == "TCP port 22: half-open contact"


def test_scan_is_one_session_of_few_events() -> None:
    bench = Bench()
    ports = list(range(1, 1001))
    random.Random(4711).shuffle(ports)
    for port in ports:
        bench.touch(port)
        bench.time += 0.002
    assert [event["kind"] for event in bench.events] == ["scan"]
    bench.wait(10)
    assert len(bench.sessions) == 1
    assert len(bench.events) == 2
    assert bench.details("all_ports") == ["tcp/1-1000"]


def test_long_scan_grows_in_bundles() -> None:
    bench = Bench()
    for port in range(1, 901):
        bench.touch(port)
        bench.wait(0.1)
    bench.wait(10)
    assert len(bench.sessions) == 1
    assert bench.details("ports")[0] == "tcp/1-10"
    assert 4 <= len(bench.events) <= 6
    assert bench.details("all_ports") == ["tcp/1-900"]


def test_scan_of_all_ports_stays_within_bounds() -> None:
    bench = Bench()
    for port in range(1, 65536, 2):
        bench.touch(port)
    for port in range(1, 3000):
        bench.datagram(port, b"x" * 4000)
    bench.wait(10)
    assert len(bench.sessions) == 1
    text = ",".join(bench.details("ports"))
    assert text.count(",") > 30000
    assert bench.events[-1]["truncated"]
    assert bench.events[-1]["summary"].startswith("Scan of 35767 ports: tcp/1,3,5")
    assert len(bench.details("payload")) <= 64


def test_few_ports_are_no_scan() -> None:
    bench = Bench()
    for port in range(9):
        bench.touch(8000 + port)
    bench.wait(5)
    assert [event["kind"] for event in bench.events] == ["connection"] * 9


def test_payload_of_a_contact_that_turns_out_a_scan_is_kept() -> None:
    bench = Bench()
    bench.connect(4711, b"hello")
    for port in range(20):
        bench.touch(100 + port)
    bench.wait(10)
    assert len(bench.sessions) == 1
    assert bench.details("payload") == ["tcp 4711: hello"]


def test_second_scan_is_another_session() -> None:
    bench = Bench()
    for _ in range(2):
        for port in range(100, 120):
            bench.touch(port)
        bench.wait(20)
    assert len(bench.sessions) == 2


def test_first_datagram_is_told_and_more_are_counted() -> None:
    bench = Bench()
    for _ in range(50):
        bench.datagram(5353, b"query")
    bench.wait(70)
    assert [event["kind"] for event in bench.events] == ["connection", "connection"]
    assert bench.details("payload") == ["query"]
    assert bench.details("repeated") == ["49 more"]
    assert len(bench.sessions) == 1


def test_pings_are_one_session_with_a_bundle_each_half_minute() -> None:
    bench = Bench()
    for _ in range(90):
        bench.ping()
        bench.wait(1)
    assert [event["kind"] for event in bench.events] == ["icmp"] * 3
    bench.wait(60)
    assert len(bench.sessions) == 1
    assert bench.events[0]["source"]["port"] is None


def test_flood_of_sources_is_counted_and_forgotten() -> None:
    bench = Bench()
    for number in range(5000):
        bench.datagram(53, source=f"198.18.{number >> 8}.{number & 255}")
    bench.wait(70)
    assert len(bench.sessions) == 1025
    assert bench.details("repeated") == ["3975 more"]
    bench.datagram(53)
    bench.wait(2)
    assert len(bench.sessions) == 1026


def test_end_tells_what_was_held() -> None:
    bench = Bench()
    bench.connect(81, b"last words")
    bench.keep(bench.tracker.finish(bench.at))
    assert bench.details("payload") == ["last words"]


def test_connections_are_counted_whether_their_syn_was_seen_or_not() -> None:
    bench = Bench()
    for number in range(3000):
        source_port = 5000 + number % 1000  # a port may be another connection's again
        seen = Seen("tcp", "192.0.2.1", source_port, "10.0.0.2", 9000, b"")
        halves = [bench.tracker.touch, bench.tracker.accepted]
        for half in (halves, halves[::-1], halves[1:])[number % 3]:
            bench.keep(half(seen, bench.at))
        if number == 1500:
            bench.wait(2)
    bench.wait(70)
    repeated = sum(int(text.split()[0]) for text in bench.details("repeated"))
    assert len(bench.details("connection")) + repeated == 3000


def test_contacts_with_the_same_port_are_counted_within_a_scan() -> None:
    bench = Bench()
    for source_port in range(5000, 5100):
        bench.connect(9000, source_port=source_port)
    for port in range(1, 30):
        bench.connect(port)
    for source_port in range(6000, 7000):
        bench.connect(9000, source_port=source_port)
    bench.wait(10)
    assert bench.details("all_ports") == ["tcp/1-29,9000"]
    more = [int(text.split()[0]) for text in bench.details("repeated")]
    assert 30 + sum(more) == 100 + 29 + 1000


def test_flood_with_payloads_counts_every_connection_and_every_payload() -> None:
    bench = Bench()
    for source_port in range(5000, 8000):
        bench.connect(9000, b"hello", source_port)
        if source_port in {5300, 6000, 7000}:
            bench.wait(2)
    bench.wait(70)
    left_out = [int(text.split()[0]) for text in bench.details("omitted") if "further payloads" in text]
    repeated = [int(text.split()[0]) for text in bench.details("repeated")]
    assert len(bench.details("payload")) + sum(left_out) == 3000
    assert MAX_HELD + len(bench.details("connection")) + sum(repeated) == 3000
