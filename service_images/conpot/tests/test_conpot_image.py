"""The industrial controller in its container, asked by real clients: mbpoll, net-snmp's tools and nmap's scripts."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for

from sensor_wire.v1.event import EventBody

IMAGE = os.environ.get("HONEYSENS_CONPOT_IMAGE", "honeysens/service-conpot:latest")
MODBUS, S7, SNMP, BACNET = 1502, 1102, 1161, 47808
OPTIONS = {
    "host_name": "PUMP-07",
    "organisation": "Waterworks North",
    "location": "Hall 3, Łódź",
    "communities": ["public", "ops"],
}
WALKS = (("snmpwalk", "-v1"), ("snmpwalk", "-v2c"), ("snmpbulkwalk", "-v2c"))
SNMP_GET = bytes.fromhex("302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500")
BACNET_WHO_IS = bytes.fromhex("810b000801001008")
S7_CONNECT = bytes.fromhex("0300001611e00000001400c1020100c2020102c0010a")
S7_SETUP = bytes.fromhex("0300001902f08032010000000000080000f0000001000101e0")
S7_STOP = bytes.fromhex("0300002102f0803201000000010010000029000000000009") + b"P_PROGRAM"
S7_STATE = bytes.fromhex("0300002102f080320700000000000800080001120411440100ff09000404240000")

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def plc(sensor: SensorEnd) -> Iterator[HoneypotContainer]:
    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=128, options=OPTIONS) as container:
        container.wait_for_port(MODBUS)
        yield container


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return done.stdout + done.stderr


def nmap(plc: HoneypotContainer, port: int, *options: str) -> str:
    return run("nmap", "-Pn", "-n", f"-p{port}", *options, plc.address)


def event_with(sensor: SensorEnd, kind: str, part: str) -> EventBody:
    """Wait for the event that has this part of a detail, and give it."""

    def found() -> list[EventBody]:
        return [
            event
            for event in sensor.events
            if any(detail.kind == kind and part in detail.data for detail in event.details)
        ]

    wait_for(found, lambda: f"{kind} {part} in {[event.summary for event in sensor.events]}")
    assert not sensor.problems
    return found()[0]


@pytest.mark.emulated
def test_modbus_reads_are_requests_and_writes_exploits(sensor: SensorEnd, plc: HoneypotContainer) -> None:
    poll = ("mbpoll", "-m", "tcp", "-p", str(MODBUS), "-a", "7", "-1")
    assert "[3]:" in run(*poll, "-r", "3", "-c", "2", plc.address)
    assert "Written 1 references" in run(*poll, "-r", "101", plc.address, "4242")
    assert "4242" in run(*poll, "-r", "101", plc.address)
    read = event_with(sensor, "read", "unit=7 function=3 (read holding registers) address=2 count=2 values=")
    write = event_with(sensor, "write", "unit=7 function=6 (write register) address=100 value=4242")
    assert (read.kind, read.severity) == ("request", "low")
    assert (write.kind, write.severity, write.protocol) == ("exploit", "high", "tcp")
    assert (str(write.source.ip), str(write.destination.ip)) == (plc.gateway, plc.address)
    assert write.destination.port == MODBUS
    assert write.packets[0].port is None
    assert len(write.packets[0].payload) > 0


def test_snmp_answers_who_knows_the_community(sensor: SensorEnd, plc: HoneypotContainer) -> None:
    where = f"{plc.address}:{SNMP}"
    told = run("snmpget", "-v2c", "-c", "ops", where, ".1.3.6.1.2.1.1.1.0", ".1.3.6.1.2.1.1.5.0")
    assert "Siemens, SIMATIC S7, CPU 315-2 PN/DP, 6ES7 315-2EH14-0AB0 , HW: 4, FW: V3.2.6, S C-" in told
    assert '"PUMP-07"' in told
    walks = [run(tool, version, "-Oa", "-c", "public", where, ".1") for tool, version in WALKS]
    (count,) = {sum(line.startswith("iso") and "No more" not in line for line in walk.splitlines()) for walk in walks}
    assert count > 30, walks
    assert all("Hall 3" in walk and "Ethernet Port, X2 P1" in walk for walk in walks), walks
    assert "notWritable" in run("snmpset", "-v2c", "-c", "public", where, ".1.3.6.1.2.1.1.5.0", "s", "evil")
    assert "Timeout" in run("snmpget", "-v2c", "-c", "secret", "-t", "1", "-r", "0", where, ".1.3.6.1.2.1.1.5.0")
    request = event_with(sensor, "oid", "v2c Get 1.3.6.1.2.1.1.1.0 1.3.6.1.2.1.1.5.0 community=ops")
    assert (request.kind, request.severity, request.protocol) == ("request", "low", "udp")
    assert (str(request.source.ip), str(request.destination.ip)) == (plc.gateway, plc.address)
    assert event_with(sensor, "oid", "v2c GetBulk 1.3.6.1.2.1").kind == "request"
    write = event_with(sensor, "write", "v2c Set 1.3.6.1.2.1.1.5.0 community=public values=evil")
    assert (write.kind, write.severity) == ("exploit", "high")
    refused = event_with(sensor, "community", "secret")
    assert (refused.kind, refused.severity) == ("login", "medium")


def receive(connection: socket.socket) -> bytes:
    head = connection.recv(4, socket.MSG_WAITALL)
    return head + connection.recv(int.from_bytes(head[2:]) - 4, socket.MSG_WAITALL)


def test_s7_stop_stops_and_is_an_exploit(sensor: SensorEnd, plc: HoneypotContainer) -> None:
    with socket.create_connection((plc.address, S7), 60) as connection:
        answers = []
        for request in (S7_CONNECT, S7_SETUP, S7_STATE, S7_STOP, S7_STATE):
            connection.sendall(request)
            answers.append(receive(connection))
    assert answers[0][5] == 0xD0
    assert [answer[44] for answer in (answers[2], answers[4])] == [8, 4]
    event = event_with(sensor, "stop", "CPU STOP")
    assert (event.kind, event.severity) == ("exploit", "high")


def test_scanner_sees_the_station_of_the_persona(sensor: SensorEnd, plc: HoneypotContainer) -> None:
    report = nmap(plc, S7, "--script", "+s7-info")
    for fact in (
        "Module: 6ES7 315-2EH14-0AB0",
        "Version: 3.2.6",
        "System Name: PUMP-07",
        "Module Type: CPU 315-2 PN/DP",
        "Serial Number: S C-",
        "Plant Identification: Waterworks North",
    ):
        assert fact in report, report
    report = nmap(plc, MODBUS, "-sV", "--script", "+modbus-discover")
    assert "Modbus TCP" in report, report
    assert "Device identification: Siemens 6ES7 315-2EH14-0AB0 V3.2.6" in report, report
    report = nmap(plc, BACNET, "-sU", "--script", "bacnet-info")
    for fact in ("Siemens", "Object Name: PUMP-07", "Model Name: CPU 315-2 PN/DP", "Location: Hall 3, "):
        assert fact in report, report
    assert event_with(sensor, "szl", "0x001c index=1").kind == "request"
    assert event_with(sensor, "property", "object=8,4194303 property=121").protocol == "udp"
    assert event_with(sensor, "read", "function=43 (identify the device)").kind == "request"


def test_ipv6_clients_are_told_by_their_own_addresses(sensor: SensorEnd, plc: HoneypotContainer) -> None:
    with socket.create_connection((plc.address6, MODBUS), 60) as connection:
        tcp = connection.getsockname()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.settimeout(60)
        client.connect((plc.address6, BACNET))
        udp = client.getsockname()
        client.send(BACNET_WHO_IS)
        assert client.recv(1500)[6:8] == b"\x10\x00"
    for own in (tcp, udp):
        wait_for(lambda own=own: own[1] in {event.source.port for event in sensor.events}, "the event")  # type: ignore[misc]
        event = next(event for event in sensor.events if event.source.port == own[1])
        assert (str(event.source.ip), str(event.destination.ip)) == (own[0], plc.address6)


def test_what_is_another_protocol_is_kept(sensor: SensorEnd, plc: HoneypotContainer) -> None:
    for port in (MODBUS, S7):
        with socket.create_connection((plc.address, port), 60) as connection:
            own = connection.getsockname()[1]
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert connection.recv(100) == b""
        wait_for(
            lambda own=own: any(event.packets for event in sensor.events if event.source.port == own),  # type: ignore[misc]
            "the payload",
        )


def test_nothing_went_out_but_answers(plc: HoneypotContainer) -> None:
    assert set(plc.went_out()) <= {"Udp:OutDatagrams", "Udp6OutDatagrams"}


def test_flood_keeps_each_connection(sensor: SensorEnd, plc: HoneypotContainer) -> None:
    request = bytes.fromhex("000100000006010300000001")

    def touch(_number: int) -> int:
        with socket.create_connection((plc.address, MODBUS), 60) as connection:
            connection.sendall(request)
            assert len(connection.recv(11)) == 11
            return int(connection.getsockname()[1])

    with ThreadPoolExecutor(32) as pool:
        ports = set(pool.map(touch, range(1000)))

    def ended() -> set[int | None]:
        return {event.source.port for event in sensor.events if any(each.kind == "closed" for each in event.details)}

    wait_for(lambda: ports <= ended(), lambda: f"{len(ports)} sessions to end, {len(ports & ended())} did")
    assert len({event.id for event in sensor.events}) == len(sensor.events)


def test_serial_number_survives_a_new_container_and_the_rest_is_handed_over(
    sensor: SensorEnd, plc: HoneypotContainer
) -> None:
    def serial(container: HoneypotContainer) -> str:
        return run("snmpget", "-v2c", "-c", "public", "-Oqv", f"{container.address}:{SNMP}", ".1.3.6.1.2.1.1.1.0")

    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=128, options=OPTIONS) as other:
        other.wait_for_port(MODBUS)
        assert other.went_out() == {}, "it has not answered a datagram yet"
        assert serial(other) == serial(plc)
        address = other.address
        assert other.stop() == 0
    closed = [event for event in sensor.events if str(event.destination.ip) == address and event.protocol == "udp"]
    assert closed


def test_datagrams_that_come_too_fast_are_counted(sensor: SensorEnd) -> None:
    doors = {SNMP: SNMP_GET, BACNET: BACNET_WHO_IS}
    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=128, options=OPTIONS) as flooded:
        flooded.wait_for_port(MODBUS)
        processes = flooded.processes()
        for number in processes:
            os.kill(number, signal.SIGSTOP)
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            for port, request in doors.items():
                for _ in range(2000):
                    client.sendto(request + bytes(1000), (flooded.address, port))
        for number in processes:
            os.kill(number, signal.SIGCONT)
        for port, request in doors.items():
            with socket.socket(type=socket.SOCK_DGRAM) as client:
                client.settimeout(60)
                client.connect((flooded.address, port))
                client.send(request)
                client.recv(1500)
        rows = [line.split() for line in flooded.execute("cat", "/proc/net/udp6", "/proc/net/udp").splitlines()]
        missed = {port: int(row[-1]) for port in doors for row in rows if row[1].endswith(f":{port:04X}")}
        address = flooded.address
        assert flooded.stop() == 0
    events = [event for event in sensor.events if str(event.destination.ip) == address]
    told = dict.fromkeys(doors, 0)
    for event in events:
        for detail in event.details:
            if detail.kind == "omitted" and (found := re.match(r"(\d+) datagrams from whomever", detail.data)):
                told[event.destination.port or 0] += int(found[1])
    assert min(missed.values()) > 0, "all found room: the test tried nothing"
    assert told == missed
    assert not sensor.problems
