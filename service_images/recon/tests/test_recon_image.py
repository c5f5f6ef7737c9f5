"""recon in its container, with sockets made for it as a sensor makes them, touched by real clients."""

import base64
import contextlib
import os
import socket
import struct
from collections.abc import Iterator

import pytest
from honeypot_testing.captured import capture
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for

from sensor_wire.v1.event import EventBody

IMAGE = os.environ.get("HONEYSENS_RECON_IMAGE", "honeysens/service-recon:latest")
BANNERS = {"2525": "220 mail.corp.example ESMTP\\r\\n", "2600": "\\x00\\xff"}

pytestmark = [pytest.mark.docker, pytest.mark.netns]


@pytest.fixture
def recon(sensor_end: SensorEnd) -> Iterator[HoneypotContainer]:
    with HoneypotContainer(IMAGE, sensor_end.path.parent, memory_mb=128, options={"banners": BANNERS}) as container:
        capture(container, sensor_end)
        yield container
    assert not sensor_end.problems


def of_port(sensor: SensorEnd, port: int) -> list[EventBody]:
    return [event for event in sensor.events if event.destination.port == port]


def payloads(event: EventBody) -> list[bytes]:
    return [base64.b64decode(packet.payload) for packet in event.packets]


def with_payload(sensor: SensorEnd, port: int) -> list[EventBody]:
    """The events of the one session with a port, the first of them in any case, once the payload is told.

    A contact is told after a second; the payload is in that event or, where the machine was slow, in a later one.
    """
    wait_for(lambda: any(payloads(event) for event in of_port(sensor, port)), f"the payload at port {port}")
    events = of_port(sensor, port)
    assert len({event.session for event in events}) == 1
    return events


def test_tcp_payload_becomes_one_connection(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    with socket.create_connection((recon.address, 4711), 5) as client:
        source_port = client.getsockname()[1]
        client.sendall(b"hello \x00\xff\r\n")
        assert client.recv(100) == b"\r\n"
    events = with_payload(sensor_end, 4711)
    event = events[0]
    assert (event.kind, event.protocol, event.source.port) == ("connection", "tcp", source_port)
    assert (str(event.source.ip), str(event.destination.ip)) == (recon.gateway, recon.address)
    assert [payload for event in events for payload in payloads(event)] == [b"hello \x00\xff\r\n"]
    assert [detail.data for event in events for detail in event.details][-1] == "hello \\x00\\xff\\x0d\n"


def test_silent_client_is_told_and_gets_a_line(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    with socket.create_connection((recon.address, 25), 5) as client:
        wait_for(lambda: of_port(sensor_end, 25), "the event while the client is silent")
        client.settimeout(10)
        assert client.recv(100) == b"\r\n"
    (event,) = of_port(sensor_end, 25)
    assert "without payload" in event.summary


def test_client_that_waits_is_greeted_and_who_speaks_first_is_not(
    sensor_end: SensorEnd, recon: HoneypotContainer
) -> None:
    for address in (recon.address, recon.address6):
        with socket.create_connection((address, 2525), 5) as client:
            client.settimeout(60)
            assert client.recv(100) == b"220 mail.corp.example ESMTP\r\n"
            client.sendall(b"EHLO x\r\n")
            assert client.recv(100) == b"\r\n"
    with socket.create_connection((recon.address, 2600), 5) as client:
        client.settimeout(60)
        assert client.recv(100) == b"\x00\xff"
    with socket.create_connection((recon.address, 2525), 5) as client:
        client.settimeout(60)
        client.sendall(b"at once")
        assert client.recv(100) == b"\r\n"
    wait_for(
        lambda: (
            {b"EHLO x\r\n", b"at once"}
            <= {payload for event in of_port(sensor_end, 2525) for payload in payloads(event)}
        ),
        "both payloads",
    )


@pytest.mark.emulated  # connections are not: qemu-user does not know the socket option that tells where they should go
def test_udp_datagram_is_recorded_and_answered_without_amplification(
    sensor_end: SensorEnd, recon: HoneypotContainer
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((recon.address, 5353))
        client.send(b"?")
        assert client.recv(100) == b"\r"
        client.send(b"query")
        assert client.recv(100) == b"\r\n"
    wait_for(lambda: of_port(sensor_end, 5353), "the event")
    (event,) = of_port(sensor_end, 5353)
    assert (event.kind, event.protocol, payloads(event)) == ("connection", "udp", [b"?"])


@pytest.mark.emulated
def test_ping_is_answered_and_told(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as client:
        client.settimeout(5)
        client.connect((recon.address, 0))
        echo = struct.pack("!BBHHH", 8, 0, 0, 4711, 1)
        checksum = ~sum(struct.unpack("!4H", echo)) & 0xFFFF
        client.send(struct.pack("!BBHHH", 8, 0, checksum, 4711, 1))
        assert client.recv(100)[20] == 0
    wait_for(lambda: sensor_end.events, "the event")
    (event,) = sensor_end.events
    assert (event.kind, event.protocol, event.source.port) == ("icmp", "icmp", None)


def test_ipv6_is_recorded_by_tcp_udp_and_ping(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    with socket.create_connection((recon.address6, 4711), 5) as client:
        own = client.getsockname()
        client.sendall(b"hello")
        assert client.recv(100) == b"\r\n"
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.settimeout(5)
        sender.connect((recon.address6, 5353))
        sender.send(b"query")
        assert sender.recv(100) == b"\r\n"
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as echo:
        echo.sendto(struct.pack("!BBHHH", 128, 0, 0, 4711, 1), (recon.address6, 0))
    wait_for(lambda: {event.protocol for event in sensor_end.events} == {"tcp", "udp", "icmp"}, "three events")
    assert {str(event.destination.ip) for event in sensor_end.events} == {recon.address6}
    tcp = with_payload(sensor_end, 4711)
    assert (str(tcp[0].source.ip), tcp[0].source.port) == own[:2]
    assert [payload for event in tcp for payload in payloads(event)] == [b"hello"]


def test_nothing_goes_out_but_answers(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    with socket.create_connection((recon.address, 80), 5) as client:
        client.sendall(b"GET http://attacker.example/ HTTP/1.1\r\nHost: attacker.example\r\n\r\n")
        client.recv(100)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((recon.address, 53))
        client.send(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08attacker\x07example\x00\x00\x01\x00\x01")
        client.recv(100)
    wait_for(lambda: {event.protocol for event in sensor_end.events} == {"tcp", "udp"}, "both contacts")
    assert recon.went_out() == {}


def test_scan_of_a_thousand_ports_is_one_session(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    for port in range(1, 1001):
        with socket.create_connection((recon.address, port), 5):
            pass

    def told() -> list[str]:
        return [detail.data for event in sensor_end.events for detail in event.details if detail.kind == "all_ports"]

    wait_for(told, lambda: f"the scan's end: {sensor_end.events}")
    assert told() == ["tcp/1-1000"]
    assert len({event.session for event in sensor_end.events}) == 1
    assert len(sensor_end.events) <= 5
    assert {event.kind for event in sensor_end.events} == {"scan"}


def test_flood_of_connections_is_bounded_and_one_session(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    with contextlib.ExitStack() as clients:
        silent = [clients.enter_context(socket.create_connection((recon.address, 9000), 5)) for _ in range(100)]
        for client in silent[64:]:
            client.settimeout(2)
            assert client.recv(100) == b"", "a connection beyond the bound was kept open"
        wait_for(lambda: of_port(sensor_end, 9000), "the event")
    assert {event.session for event in sensor_end.events} == {of_port(sensor_end, 9000)[0].session}


@pytest.mark.emulated
def test_half_open_contact_is_told(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    source, destination = socket.inet_aton(recon.gateway), socket.inet_aton(recon.address)
    segment = struct.pack("!HHIIBBHHH", 40000, 8443, 1, 0, 5 << 4, 0x02, 1024, 0, 0)
    pseudo = source + destination + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(segment))
    total = sum(struct.unpack("!16H", pseudo + segment))
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as client:
        client.sendto(segment[:16] + struct.pack("!H", checksum) + segment[18:], (recon.address, 0))
    wait_for(lambda: of_port(sensor_end, 8443), "the event")
    (event,) = of_port(sensor_end, 8443)
    assert "half-open" in event.summary
    assert event.source.port == 40000


def test_sensor_that_returns_gets_what_happened_meanwhile(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    sensor_end.stop()
    for port in (7001, 7002, 7003):
        with socket.create_connection((recon.address, port), 5) as client:
            client.sendall(f"to {port}".encode())
            client.recv(100)
    sensor_end.lose_answers = 2
    sensor_end.start()
    wait_for(lambda: len({event.id for event in sensor_end.events}) == 3, "three events")
    unique = {event.id: event for event in sensor_end.events}
    assert len(sensor_end.events) == 5, "no answer was lost: the test tried nothing"
    assert sorted(payload for event in unique.values() for payload in payloads(event)) == [
        b"to 7001",
        b"to 7002",
        b"to 7003",
    ]


def test_stop_hands_over_the_rest(sensor_end: SensorEnd, recon: HoneypotContainer) -> None:
    with socket.create_connection((recon.address, 81), 5) as client:
        client.sendall(b"last words")
        client.recv(100)
    assert recon.stop() == 0
    assert payloads(of_port(sensor_end, 81)[0]) == [b"last words"]
