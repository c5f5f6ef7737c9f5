"""The RDP honeypot in its container, attacked with FreeRDP and looked at by nmap."""

import hmac
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for

from sensor_wire.v1.event import EventBody

IMAGE = os.environ.get("HONEYSENS_RDP_IMAGE", "honeysens/service-rdp:latest")
PORT = 3389
PERSONA = {"host_name": "PAY-TS02", "domain": "corp.example", "windows_build": 17763}
MD4_OF_WINTER2026 = "5ad8dfa79777ae85e3a9198994afc79b"
REQUEST = bytes.fromhex("030000130ee000000000000100080003000000")

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def rdp(sensor: SensorEnd) -> Iterator[HoneypotContainer]:
    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=192, options=PERSONA) as container:
        container.wait_for_port(PORT)
        yield container


def freerdp(rdp: HoneypotContainer, *options: str, home: Path) -> str:
    program = "xfreerdp" if shutil.which("xfreerdp") else "xfreerdp3"  # its name since Debian 13
    client = ["xvfb-run", "-a", program, f"/v:{rdp.address}:{PORT}", "/cert:ignore", *options]
    done = subprocess.run(
        client, env={**os.environ, "HOME": str(home)}, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


def details(events: list[EventBody], kind: str) -> list[str]:
    return [detail.data for event in events for detail in event.details if detail.kind == kind]


def session_with(sensor: SensorEnd, kind: str, data: str) -> list[EventBody]:
    """Wait for the end of the session that has this detail, and give its events."""

    def found() -> list[EventBody]:
        sessions = {event.session for event in sensor.events if data in details([event], kind)}
        events = [event for event in sensor.events if event.session in sessions]
        return events if details(events, "closed") else []

    wait_for(found, lambda: f"a session with {kind} {data}: {[event.summary for event in sensor.events]}")
    assert not sensor.problems
    return found()


def netntlmv2_is_of(line: str, nt_hash: str) -> bool:
    """Check a line of hashcat's mode 5600 as hashcat does, against the MD4 of one password."""
    user, _, domain, challenge, proof, blob = line.split(":")
    key = hmac.digest(bytes.fromhex(nt_hash), (user.upper() + domain).encode("utf-16-le"), "md5")
    return hmac.digest(key, bytes.fromhex(challenge + blob), "md5").hex() == proof


@pytest.mark.emulated
def test_nla_gives_a_hash_that_is_the_passwords(sensor: SensorEnd, rdp: HoneypotContainer, tmp_path: Path) -> None:
    said = freerdp(rdp, "/u:administrator", "/d:CORP", "/p:Winter2026", "/sec:nla", home=tmp_path)
    assert "LOGON_FAILURE" in said, said
    events = session_with(sensor, "username", "administrator")
    (line,) = details(events, "hash")
    assert netntlmv2_is_of(line, MD4_OF_WINTER2026)
    assert (details(events, "domain"), details(events, "login")) == (["CORP"], ["refused"])
    assert details(events, "client") == [socket.gethostname()]
    login = next(event for event in events if event.kind == "login")
    assert login.severity == "medium"
    assert (events[0].kind, events[0].severity) == ("connection", "low")
    assert str(login.source.ip) == rdp.gateway
    assert (str(login.destination.ip), login.destination.port) == (rdp.address, PORT)


def test_client_without_nla_tells_its_password(sensor: SensorEnd, rdp: HoneypotContainer, tmp_path: Path) -> None:
    freerdp(rdp, "/u:clerk", "/d:CORP", "/p:Sömmer 2026", "/sec:tls", home=tmp_path)
    events = session_with(sensor, "username", "clerk")
    assert details(events, "password")[0] == "Sömmer 2026"
    assert details(events, "domain")[0] == "CORP"
    assert details(events, "cookie") == ["clerk"]
    assert "TLS" in details(events, "protocols")[0]
    assert details(events, "client")[0] == socket.gethostname()[:15]
    assert "Sömmer 2026" in next(event.summary for event in events if event.kind == "login")


def test_scanner_sees_the_windows_of_the_persona(rdp: HoneypotContainer) -> None:
    scan = [
        "nmap",
        "-Pn",
        "-n",
        "-sV",
        "--script",
        "rdp-ntlm-info,rdp-enum-encryption",
        f"-p{PORT}",
        rdp.address,
    ]
    report = subprocess.run(scan, capture_output=True, text=True, timeout=300, check=True).stdout
    assert re.search(r"3389/tcp +open +ms-wbt-server +Microsoft Terminal Services", report), report
    for fact in (
        "Target_Name: CORP",
        "NetBIOS_Domain_Name: CORP",
        "NetBIOS_Computer_Name: PAY-TS02",
        "DNS_Domain_Name: corp.example",
        "DNS_Computer_Name: pay-ts02.corp.example",
        "DNS_Tree_Name: corp.example",
        "Product_Version: 10.0.17763",
        "CredSSP (NLA): SUCCESS",
        "SSL: SUCCESS",
    ):
        assert fact in report, report


def test_scanner_sees_a_linux_where_the_persona_is_one(sensor: SensorEnd) -> None:
    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=192, options={"os_family": "linux"}) as container:
        container.wait_for_port(PORT)
        scan = ["nmap", "-Pn", "-n", "-sV", f"-p{PORT}", container.address]
        report = subprocess.run(scan, capture_output=True, text=True, timeout=300, check=True).stdout
    assert re.search(r"3389/tcp +open +ms-wbt-server +xrdp", report), report


def certificate(address: str) -> tuple[x509.Certificate, tuple[str, int]]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((address, PORT), 60) as connection:
        own = connection.getsockname()
        connection.sendall(REQUEST)
        assert connection.recv(19) == bytes.fromhex("030000130ed00000123400021f080002000000")
        with context.wrap_socket(connection) as inside:
            shown = inside.getpeercert(binary_form=True)
    assert shown
    return x509.load_der_x509_certificate(shown), own[:2]


def test_certificate_survives_a_new_container(sensor: SensorEnd, rdp: HoneypotContainer) -> None:
    first, _ = certificate(rdp.address)
    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=192, options=PERSONA) as other:
        other.wait_for_port(PORT)
        second, _ = certificate(other.address)
    assert first == second
    assert first.subject.rfc4514_string() == "CN=pay-ts02.corp.example"
    assert first.public_key().key_size == 2048  # type: ignore[union-attr]


def test_ipv6_client_is_told_by_its_own_address(sensor: SensorEnd, rdp: HoneypotContainer) -> None:
    _, (address, port) = certificate(rdp.address6)
    wait_for(lambda: any(str(event.source.ip) == address for event in sensor.events), "the event")
    event = next(event for event in sensor.events if str(event.source.ip) == address)
    assert (event.source.port, str(event.destination.ip)) == (port, rdp.address6)


def test_first_event_comes_at_the_connection(sensor: SensorEnd, rdp: HoneypotContainer) -> None:
    with socket.create_connection((rdp.address, PORT)) as connection:
        port = connection.getsockname()[1]
        wait_for(lambda: any(event.source.port == port for event in sensor.events), "an event of a silent client")


def test_what_is_not_rdp_is_kept(sensor: SensorEnd, rdp: HoneypotContainer) -> None:
    with socket.create_connection((rdp.address, PORT)) as connection:
        port = connection.getsockname()[1]
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(100) == b""

    def payloads() -> list[object]:
        events = [event for event in sensor.events if event.source.port == port]
        return [packet.payload for event in events for packet in event.packets]

    wait_for(payloads, "the payload")
    assert "R0VUIC8gSFRUUC8xLjENCg0K" in str(payloads())


@pytest.mark.netns
def test_no_source_is_passed_over(sensor: SensorEnd) -> None:
    """What the honeypot's own software does by default: it tells nothing of these two."""
    # A container of its own: connections from within count as having gone out.
    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=192, options=PERSONA) as rdp:
        rdp.wait_for_port(PORT)
        enter = ["nsenter", f"--net={rdp.network_namespace}"]
        private = "192.168.222.7"
        subprocess.run([*enter, "ip", "address", "add", f"{private}/32", "dev", "lo"], check=True)
        begun = datetime.now(UTC)
        for source, own in ((private, rdp.address), ("127.0.0.1", "127.0.0.1")):
            subprocess.run([*enter, sys.executable, "-c", VISIT, source, own, REQUEST.hex()], check=True)
            events = session_from(sensor, source)
            assert details(events, "protocols")
            assert {str(event.destination.ip) for event in events} == {own}
            assert all(begun <= event.time <= datetime.now(UTC) for event in events), "its own times are malformed"


VISIT = """
import socket, sys
with socket.create_connection((sys.argv[2], 3389), 60, (sys.argv[1], 0)) as client:
    client.sendall(bytes.fromhex(sys.argv[3]))
    client.recv(19)
"""


def session_from(sensor: SensorEnd, source: str) -> list[EventBody]:
    """Wait for the end of the session of a source, and give its events."""

    def found() -> list[EventBody]:
        events = [event for event in sensor.events if str(event.source.ip) == source]
        return events if details(events, "closed") else []

    wait_for(found, lambda: f"a session from {source}: {[event.summary for event in sensor.events]}")
    return found()


def test_nothing_went_out(rdp: HoneypotContainer) -> None:
    assert rdp.went_out() == {}


def test_flood_keeps_each_connection(sensor: SensorEnd, rdp: HoneypotContainer) -> None:
    def touch(_number: int) -> int:
        with socket.create_connection((rdp.address, PORT), 60) as connection:
            connection.sendall(REQUEST)
            assert len(connection.recv(19)) == 19
            return int(connection.getsockname()[1])

    with ThreadPoolExecutor(32) as pool:
        ports = set(pool.map(touch, range(1000)))

    def ended() -> set[int | None]:
        return {event.source.port for event in sensor.events if details([event], "closed")}

    wait_for(lambda: ports <= ended(), lambda: f"{len(ports)} sessions to end, {len(ports & ended())} did")
    assert len({event.id for event in sensor.events}) == len(sensor.events)
