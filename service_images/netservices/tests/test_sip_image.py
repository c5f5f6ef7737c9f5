"""Telephony in its container: real clients, datagrams as well as connections."""

import base64
import hashlib
import os
import re
import signal
import socket
import subprocess
from functools import partial
from pathlib import Path

import pytest
from honeypot_testing.visited import Visited, details
from honeypot_testing.waiting import wait_for

from sensor_wire.v1.event import EventBody

pytestmark = [pytest.mark.docker, pytest.mark.parametrize("services", [{"protocols": ["sip"]}], indirect=True)]
PORT = 5060


def run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"TERM": "dumb"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def told(services: Visited, kind: str) -> list[EventBody]:
    """Wait for events that have such a detail; sessions of datagrams end much later."""

    def found() -> list[EventBody]:
        return [event for event in services.sensor.events if details([event], kind)]

    wait_for(found, lambda: f"{kind}; {services.sensor.events} {services.container.logs()}")
    assert not services.sensor.problems
    return found()


@pytest.mark.emulated
def test_registration_proves_a_password(services: Visited) -> None:
    address = services.container.address
    register = [
        "sipsak",
        "-U",
        "-s",
        f"sip:100@{address}:{PORT}",
        "-C",
        "sip:100@192.0.2.1",
        "-u",
        "100",
        "-a",
        "pass1",
    ]
    answer = run(*register, "-vvv")
    assert "401 Unauthorized" in answer
    assert "403 Forbidden" in answer
    assert "Server: Asterisk PBX 20.9.3" in answer
    events = told(services, "hash")
    assert (details(events, "username"), details(events, "login")) == (["100"], ["refused"])
    assert {(event.kind, event.severity, event.protocol) for event in events} == {("login", "medium", "udp")}
    assert {str(event.source.ip) for event in events} == {services.container.gateway}
    assert {(str(event.destination.ip), event.destination.port) for event in events} == {(address, PORT)}
    (line,) = details(events, "hash")
    assert cracks(line, "pass1"), line
    assert not cracks(line, "pass2")


def cracks(line: str, password: str) -> bool:
    """Tell whether a line of hashcat's form 11400 proves a password."""
    _, _, _, user, realm, method, *uri, nonce, cnonce, count, quality, _, proof = line.split("*")

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode()).hexdigest()  # noqa: S324 - the protocol's own

    more = [cnonce, count, quality] if quality else []
    return md5(md5(user, realm, password), nonce, *more, md5(method, ":".join(filter(None, uri)))) == proof


def test_call_abroad_is_an_exploit(services: Visited, tmp_path: Path) -> None:
    target = f"{services.container.address}:{PORT}"
    call = ["sipp", "-sn", "uac", "-s", "00972595123456", "-m", "1", "-timeout", "20s", "-nostdin", target]
    run(*call, folder=tmp_path)
    (event,) = told(services, "exploit")
    assert (event.kind, event.severity) == ("exploit", "high")
    assert (details([event], "number"), details([event], "caller")) == (["00972595123456"], ["sipp"])
    assert any(base64.b64decode(packet.payload).startswith(b"INVITE sip:00972595123456@") for packet in event.packets)
    assert "m=audio" in base64.b64decode(event.packets[0].payload).decode()


def test_call_by_a_connection(services: Visited, tmp_path: Path) -> None:
    target = f"{services.container.address}:{PORT}"
    run(
        "sipp",
        "-sn",
        "uac",
        "-s",
        "2000",
        "-t",
        "t1",
        "-m",
        "1",
        "-timeout",
        "20s",
        "-nostdin",
        target,
        folder=tmp_path,
    )
    events = services.session(PORT)
    assert details(events, "request") == ["call to 2000"]
    assert {event.protocol for event in events} == {"tcp"}


def test_scanner_sees_an_exchange(services: Visited) -> None:
    scan = ["nmap", "-Pn", "-n", "-sV", "-sS", "-sU", "--script", "sip-methods", "-p", str(PORT)]
    found = run(*scan, services.container.address)
    for protocol in ("tcp", "udp"):
        assert re.search(rf"{PORT}/{protocol} +open +sip\S* +Asterisk( PBX)? +20\.9\.3", found), found
    assert found.count("INVITE, ACK, CANCEL, OPTIONS, BYE") == 2, found


def test_ipv6_caller_and_what_is_no_sip(services: Visited) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as caller:
        caller.connect((services.container.address6, PORT))
        own = caller.getsockname()
        caller.send(b"\x00\xffgarbage")
        caller.send(
            b"OPTIONS sip:x SIP/2.0\r\nv: SIP/2.0/UDP x;branch=z9hG4bKx;rport\r\nf: sip:a@x\r\nt: sip:b@x\r\n"
            b"i: 1\r\nCSeq: 7 OPTIONS\r\n\r\n"
        )
        caller.settimeout(60)
        answer = caller.recv(4096).decode()
    assert answer.startswith(
        f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx;received={own[0]};rport={own[1]}\r\n"
    )
    events = told(services, "payload")
    assert {(str(event.source.ip), event.source.port) for event in events} == {(own[0], own[1])}
    assert {str(event.destination.ip) for event in events} == {services.container.address6}
    assert base64.b64decode(events[0].packets[0].payload) == b"\x00\xffgarbage"


def test_flood_of_sources_is_counted_and_keeps_nobody_out(services: Visited) -> None:
    address = services.container.address

    def received() -> int:
        lines = services.container.execute("cat", "/proc/net/snmp").splitlines()
        names, numbers = (line.split() for line in lines if line.startswith("Udp:"))
        return int(numbers[names.index("InDatagrams")])

    def has_received(count: int) -> bool:
        return received() == count

    def flood(first: int) -> None:
        for port in range(first, first + 200):
            with socket.socket(type=socket.SOCK_DGRAM) as caller:
                caller.bind(("", port))
                caller.sendto(b"OPTIONS sip:x SIP/2.0\r\n\r\n", (address, PORT))

    for number in range(3):
        # More at a time would find no room in the kernel's queue.
        flood(20_000 + 200 * number)
        wait_for(partial(has_received, 200 * (number + 1)), lambda: f"{received()} datagrams")
    with socket.create_connection((address, PORT), 20) as client:
        client.sendall(b"\r\n\r\n")
        assert client.recv(10) == b"\r\n"

    def counted() -> int:
        by_datagram = [event for event in services.sensor.events if event.protocol == "udp"]
        sessions = {event.session: "too many" in event.details[0].data for event in reversed(by_datagram)}
        more = sum(int(text.split()[0]) for text in details(by_datagram, "repeated"))
        return list(sessions.values()).count(False) + more

    wait_for(lambda: counted() == 600, lambda: f"{counted()} visits")
    assert len(services.sensor.events) < 600


def test_datagrams_that_come_too_fast_are_counted(services: Visited) -> None:
    container = services.container
    processes = container.processes()
    for number in processes:
        os.kill(number, signal.SIGSTOP)
    with socket.socket(type=socket.SOCK_DGRAM) as caller:
        for _ in range(2000):
            caller.sendto(b"OPTIONS sip:100@192.0.2.1 SIP/2.0\r\n" + bytes(1000), (container.address, PORT))
    for number in processes:
        os.kill(number, signal.SIGCONT)
    told(services, "omitted")
    rows = [line.split() for line in container.execute("cat", "/proc/net/udp6", "/proc/net/udp").splitlines()]
    (missed,) = [int(row[-1]) for row in rows if row[1].endswith(f":{PORT:04X}")]
    assert missed > 0
    assert container.stop() == 0
    counted = [re.match(r"(\d+) datagrams", text) for text in details(services.sensor.events, "omitted")]
    assert sum(int(found[1]) for found in counted if found) == missed
