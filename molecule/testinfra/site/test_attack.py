"""What an attacker does at the sensor's address becomes what the server shows."""

import os
import subprocess
from datetime import UTC, datetime, timedelta

from scenario_testing.machine import PATIENCE, eventually
from scenario_testing.site import Api, Attacker

AT_ONCE = timedelta(seconds=5)
"""The promise for the first event of a session."""
UDP_DATAGRAM = (
    "import socket,sys; s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(sys.argv[2].encode(), (sys.argv[1], 5353))"
)
TCP_PAYLOAD = (
    "import socket,sys; s = socket.create_connection((sys.argv[1], 4711), 10); s.sendall(sys.argv[2].encode());"
    "s.settimeout(10); print(s.recv(100))"
)


def test_an_ssh_login_becomes_one_session_with_all_that_was_typed(api: Api, intruder: Attacker) -> None:
    started = datetime.now(UTC)
    command = intruder.ssh_command("uname -a; echo honey-$((40+2)); sleep 6")
    with subprocess.Popen(
        command, env=os.environ | {"SSHPASS": "admin123"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as login:
        # The first contact is there while the login goes on: nobody waits for its end.
        first = eventually("first event", lambda: api.contacts(intruder.address, "cowrie"))
        received = [event["received_at"] for event in api.items("/events", session=first[0]["session"], limit=100)]
        assert min(map(datetime.fromisoformat, received)) - started < AT_ONCE
        login.wait(PATIENCE)
    assert first[0]["source"]["ip"] == intruder.address
    assert first[0]["destination"] == {"ip": intruder.sensor, "port": 22}

    session = first[0]["session"]

    def whole() -> list[dict[str, str]] | None:
        details = api.details(session)
        return details if any(detail["kind"] == "command" for detail in details) else None

    details = eventually("credentials and commands", whole)
    text = {(detail["kind"], detail["data"]) for detail in details}
    assert ("username", "root") in text
    assert ("password", "admin123") in text
    assert any(kind == "command" and "uname -a" in data for kind, data in text)
    assert [contact["session"] for contact in api.contacts(intruder.address, "cowrie")] == [session]


def test_a_tcp_payload_to_any_port_is_recorded(api: Api, intruder: Attacker) -> None:
    intruder.run("python3", "-c", TCP_PAYLOAD, intruder.sensor, "hello recon")

    contact = eventually("recon event", lambda: api.contacts(intruder.address, "recon"))[0]

    assert contact["destination"] == {"ip": intruder.sensor, "port": 4711}
    eventually(
        "payload", lambda: any("hello recon" in detail["data"] for detail in api.details(contact["session"])) or None
    )


def test_a_udp_datagram_to_any_port_is_recorded(api: Api, intruder: Attacker) -> None:
    intruder.run("python3", "-c", UDP_DATAGRAM, intruder.sensor, "who is there")

    contact = eventually("recon event", lambda: api.contacts(intruder.address, "recon"))[0]

    assert contact["destination"] == {"ip": intruder.sensor, "port": 5353}
    assert any("who is there" in detail["data"] for detail in api.details(contact["session"]))


def test_a_ping_is_noted_and_answered(api: Api, intruder: Attacker) -> None:
    intruder.run("ping", "-c", "1", "-W", "5", intruder.sensor)

    contact = eventually("icmp event", lambda: api.contacts(intruder.address, "recon"))[0]

    assert contact["kind"] == "icmp"


def test_a_scan_of_a_thousand_ports_is_one_session_of_a_few_events(api: Api, intruder: Attacker) -> None:
    intruder.run("nmap", "-n", "-Pn", "-sT", "-p", "2000-2999", intruder.sensor)

    def scan() -> dict[str, str] | None:
        contacts = api.contacts(intruder.address, "recon")
        return contacts[0] if len(contacts) == 1 and contacts[0]["kind"] == "scan" else None

    contact = eventually("one scan", scan)

    def all_ports() -> bool:
        text = " ".join(detail["data"] for detail in api.details(contact["session"]) if detail["kind"] == "ports")
        return covered(text) >= set(range(2000, 3000))

    eventually("all ports", all_ports)
    assert len(api.contacts(intruder.address, "recon")) == 1
    assert len(api.items("/events", session=contact["session"])) <= 10


def covered(text: str) -> set[int]:
    """The ports of a text such as `tcp/2000-2010, tcp/2020`."""
    ports: set[int] = set()
    for part in text.replace(",", " ").split():
        first, _, last = part.rpartition("/")[2].partition("-")
        ports |= set(range(int(first), int(last or first) + 1))
    return ports
