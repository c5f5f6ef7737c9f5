"""All honeypots on one sensor, attacked from other machines: who it was, what was addressed, and what was done."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from sensor_support import namespaces
from sensor_support.attack import Attack
from sensor_support.attacks import ATTACKS, OWN, PERSONA
from sensor_support.builders import desired, eventually
from sensor_support.namespaces import LAN_ADDRESSES, SENSOR, SENSOR6, Visitor, sh
from sensor_support.sensor_process import Sensor
from sensor_support.service_archives import publish_archives
from sensor_support.world import World

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.site import SERVICE_POOL, SERVICE_POOL6
from sensor_wire.v1.desired import DesiredService

pytestmark = [pytest.mark.docker, pytest.mark.netns]

SEVERITIES = ["info", "low", "medium", "high", "critical"]
WEIGHTS = {
    "closed": {"info"},
    "icmp": {"info"},
    "connection": {"info", "low"},
    "scan": {"medium"},
    "request": {"low", "medium", "high"},
    "login": {"medium", "high"},
    "command": {"high"},
    "file": {"high"},
    "exploit": {"high", "critical"},
}
"""What a kind of event may weigh, whichever honeypot tells it."""
NMAP = {
    21: "ftp vsftpd 3.0.3",
    22: "ssh OpenSSH 9.2p1 Debian 2+deb12u6",
    23: "telnet Linux telnetd",
    25: "smtp Postfix smtpd",
    80: "http Apache httpd 2.4",
    102: "iso-tsap Siemens S7 PLC",
    110: "pop3 Dovecot pop3d",
    143: "imap Dovecot imapd",
    443: "ssl/http Apache httpd 2.4",
    445: "netbios-ssn Samba smbd 4",
    502: "modbus Modbus TCP",
    587: "smtp Postfix smtpd",
    1433: "ms-sql-s Microsoft SQL Server 2019 15.00.4430",
    3306: "5.5.5-10.11.11",  # older scanners say MySQL before it, newer ones MariaDB
    3389: "ms-wbt-server xrdp",
    5060: "sip Asterisk",
    5432: "postgresql PostgreSQL DB",
    5900: "vnc VNC (protocol 3.8)",
    6379: "redis Redis key-value store 7.0.15",
}
"""What a scanner has to find: the persona's services, one that only recon greets for among them."""


@dataclass
class Attacked:
    """A sensor under attack: what it runs, who attacks it, what their clients show, and what the scanner has found."""

    sensor: Sensor
    services: list[DesiredService]
    attacker: Visitor
    scanner: Visitor
    shown: dict[str, Future[str]]
    scan: Future[str]

    def session(self, attack: Attack) -> list[dict[str, Any]]:
        """Wait for the session that tells all of an attack, and give its events."""
        source = self.attacker.address6 if ":" in attack.target else self.attacker.address

        def found() -> list[dict[str, Any]]:
            sessions: dict[str, list[dict[str, Any]]] = {}
            for event in list(self.sensor.server.events.values()):
                if _ends(event) == (attack.service, source, attack.target, attack.port, attack.protocol):
                    sessions.setdefault(event["session"], []).append(event)
            return next((events for events in sessions.values() if _tells(events, attack)), [])

        try:
            return list(eventually(found, "the session"))
        except AssertionError as error:
            told = [event for event in self.sensor.server.events.values() if event["service"] == attack.service]
            raise AssertionError(f"{error} of {attack} in {told}") from error


def _ends(event: dict[str, Any]) -> tuple[Any, ...]:
    destination = event["destination"]
    return event["service"], event["source"]["ip"], destination["ip"], destination.get("port"), event["protocol"]


def _tells(events: list[dict[str, Any]], attack: Attack) -> bool:
    said = [(detail["kind"], detail["data"]) for event in events for detail in event.get("details", [])]
    return all(any(kind == known and part in data for known, data in said) for kind, part in attack.told.items())


@pytest.fixture(scope="module")
def attacked(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    world.server.forget()
    services = publish_archives(world.server, PERSONA, OWN)
    outside = namespaces.path(world.net.lan)
    with ExitStack() as stack:
        sensor = Sensor(tmp_path_factory.mktemp("honeypots"), world.net, world.server, world.engine)
        world.server.desired = desired(*services, ca_chain=world.server.authority.chain)
        sensor.start()
        stack.callback(sh, "ip", "netns", "exec", world.net.sensor, "nft", "flush", "ruleset")
        stack.callback(world.engine.remove_all, "honeysens/service")
        stack.callback(sensor.kill)
        attacker, scanner = (stack.enter_context(namespaces.visitor(world.net, number)) for number in (20, 21))
        sensor.runs(*(service.name for service in services))
        for port in NMAP:
            eventually(partial(in_network_namespace, outside, partial(_opens, port)), f"port {port} is open")
        pool = stack.enter_context(ThreadPoolExecutor())
        ports = ",".join(map(str, NMAP))
        scan = Attack("", None, ("nmap", "-Pn", "-n", "-sV", "-p", ports, "ADDRESS"), {}, "")
        scanned = pool.submit(scan.run, scanner)
        shown = {name: pool.submit(attack.run, attacker) for name, attack in ATTACKS.items()}
        yield Attacked(sensor, services, attacker, scanner, shown, scanned)


def _opens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((SENSOR, port)) == 0


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_told_with_its_true_ends(attacked: Attacked, name: str) -> None:
    attack = ATTACKS[name]
    shown = attacked.shown[name].result()
    assert attack.answer in shown
    events = attacked.session(attack)
    if attack.source_port is not None:
        assert {event["source"]["port"] for event in events} == {attack.source_port}
    assert max((event["severity"] for event in events), key=SEVERITIES.index) == attack.gravest


def test_kinds_weigh_the_same_for_all_honeypots(attacked: Attacked) -> None:
    for shown in (*attacked.shown.values(), attacked.scan):
        shown.result()
    told = {
        (event["service"], event["kind"], event["severity"]) for event in list(attacked.sensor.server.events.values())
    }
    assert {each for each in told if each[2] not in WEIGHTS[each[1]]} == set()
    assert len({kind for _, kind, _ in told}) > len(WEIGHTS) // 2


def test_scanner_finds_what_the_persona_claims(attacked: Attacked) -> None:
    report = attacked.scan.result()
    lines = re.findall(r"^(\d+)/tcp +open +(.*)$", report, re.MULTILINE)
    found = {int(port): " ".join(rest.split()) for port, rest in lines}
    wrong = {port: found.get(port) for port, claim in NMAP.items() if claim not in found.get(port, "")}
    assert wrong == {}, report
    assert "honeypot" not in report.lower()
    assert "Service Info: " in report


def test_nobody_is_shown_how_it_is_inside(attacked: Attacked) -> None:
    inside = [str(pool.network_address).rstrip("0:") for pool in (SERVICE_POOL, SERVICE_POOL6)]
    for name, shown in {**attacked.shown, "scan": attacked.scan}.items():
        text = shown.result()
        assert [address for address in inside if address in text] == [], (name, text)


def test_only_true_ends_are_told_and_no_honeypot_fell(attacked: Attacked) -> None:
    for shown in (*attacked.shown.values(), attacked.scan):
        shown.result()
    events = list(attacked.sensor.server.events.values())
    visitors = {end for each in (attacked.attacker, attacked.scanner) for end in (each.address, each.address6)}
    assert {event["source"]["ip"] for event in events} - set(LAN_ADDRESSES) <= visitors
    assert {event["destination"]["ip"] for event in events} == {SENSOR, SENSOR6}
    mapped = {(event["service"], event["destination"].get("port")) for event in events if event["service"] != "recon"}
    offered = {(each.name, port) for each in attacked.services for port in each.ports.values()}
    assert mapped <= offered
    assert {each.name: attacked.sensor.restarts(each.name) for each in attacked.services} == dict.fromkeys(
        (each.name for each in attacked.services), 0
    )
