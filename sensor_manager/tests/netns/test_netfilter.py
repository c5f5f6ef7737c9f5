"""The rendered rules in a real kernel: attackers, sensor and two honeypots, each in a namespace of its own."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.namespaces import ATTACKER, SENSOR, Lan, ping, sh

from sensor_manager.effects.conntrack import forget_flows
from sensor_manager.effects.errors import NetfilterError
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import Forward, Forwarding
from sensor_manager.plan.netfilter import render_sensor
from sensor_manager.plan.stale_flows import stale_flows

pytestmark = pytest.mark.netns

COWRIE, RECON = "10.10.10.2", "10.10.10.6"
FORWARDING = Forwarding(
    interface="eth0",
    bridges=(("hs-pot0", IPv4Address(COWRIE)), ("hs-pot1", IPv4Address(RECON))),
    forwards=(Forward("tcp", 22, IPv4Address(COWRIE), 2222), Forward("udp", 69, IPv4Address(COWRIE), 6969)),
    catch_all=IPv4Address(RECON),
)
SERVER = """
import socket, sys, threading
def tcp(port):
    server = socket.create_server(("", port), family=socket.AF_INET)
    while True:
        client, peer = server.accept()
        client.sendall(f"{sys.argv[1]}:{port} sees {peer[0]}".encode())
        client.close()
def udp(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", port))
    while True:
        _, peer = server.recvfrom(100)
        server.sendto(f"{sys.argv[1]}:{port} sees {peer[0]}".encode(), peer)
for part in sys.argv[2].split(","):
    kind, port = part.split(":")
    threading.Thread(target={"tcp": tcp, "udp": udp}[kind], args=(int(port),)).start()
"""


@dataclass
class Site:
    """The namespaces, and what can be tried in them."""

    net: Lan
    pots: tuple[str, str]
    nftables: Nftables

    def apply(self, forwarding: Forwarding) -> None:
        self.nftables.apply(render_sensor(forwarding), namespaces.path(self.net.sensor))

    def listing(self) -> str:
        return sh("ip", "netns", "exec", self.net.sensor, "nft", "-s", "list", "table", "inet", "honeysens")

    def tcp(self, port: int, source: str = ATTACKER) -> str:
        def attempt() -> str:
            with socket.create_connection((SENSOR, port), 3, (source, 0)) as connection:
                return connection.recv(100).decode()

        return in_network_namespace(namespaces.path(self.net.lan), attempt)

    def udp(self, port: int, source_port: int = 0) -> str:
        def attempt() -> str:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
                attacker.settimeout(3)
                attacker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                attacker.bind((ATTACKER, source_port))
                attacker.sendto(b"?", (SENSOR, port))
                answer, peer = attacker.recvfrom(100)
                assert peer == (SENSOR, port)
                return answer.decode()

        return in_network_namespace(namespaces.path(self.net.lan), attempt)

    def serve(self, stack: ExitStack, namespace: str, name: str, ports: str) -> None:
        command = ["ip", "netns", "exec", namespace, sys.executable, "-c", SERVER, name, ports]
        process = subprocess.Popen(command)
        stack.callback(process.wait)
        stack.callback(process.kill)
        expected = len(ports.split(","))

        def listening() -> bool:
            return len(sh("ip", "netns", "exec", namespace, "ss", "-Hltun").splitlines()) >= expected

        eventually(listening, f"{name} serves {ports}")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan())
        pots = stack.enter_context(namespaces.honeypot(net, 0)), stack.enter_context(namespaces.honeypot(net, 1))
        made = Site(net, pots, Nftables(tmp_path / "book.json"))
        made.serve(stack, pots[0], "cowrie", "tcp:2222,tcp:9,udp:6969")
        made.serve(stack, pots[1], "recon", "tcp:22,tcp:4711,udp:69,udp:5353")
        made.apply(FORWARDING)
        yield made


def test_port_map_then_catch_all_with_the_attackers_own_address(site: Site) -> None:
    assert site.tcp(22) == f"cowrie:2222 sees {ATTACKER}"
    assert site.tcp(22, namespaces.OTHER_ATTACKER) == f"cowrie:2222 sees {namespaces.OTHER_ATTACKER}"
    assert site.tcp(4711) == f"recon:4711 sees {ATTACKER}"
    assert site.udp(69) == f"cowrie:6969 sees {ATTACKER}"
    assert site.udp(5353) == f"recon:5353 sees {ATTACKER}"
    assert ping(site.net.lan, SENSOR)


def test_echo_requests_reach_the_catch_all(site: Site) -> None:
    with in_network_namespace(namespaces.path(site.pots[1]), _icmp_socket) as ear:
        assert ping(site.net.lan, SENSOR)
        _, peer = ear.recvfrom(1000)
    assert peer[0] == namespaces.SERVER, "the first address of the network, from which this request came"


def test_honeypots_are_not_reached_past_the_port_map(site: Site) -> None:
    sh("ip", "-n", site.net.lan, "route", "add", "10.10.10.0/24", "via", SENSOR)
    for address, port in ((COWRIE, 2222), (COWRIE, 9), (RECON, 4711)):
        assert not _open_from(site.net.lan, address, port)


@pytest.mark.parametrize("pot", [0, 1])
def test_honeypots_open_nothing(site: Site, pot: int) -> None:
    other = (RECON, COWRIE)[pot]
    gateway = ("10.10.10.1", "10.10.10.5")[pot]
    inside = site.pots[pot]
    targets = [(ATTACKER, 9999), (namespaces.SERVER, 8443), (SENSOR, 22), (SENSOR, 8080), (gateway, 8080), (other, 22)]
    with ExitStack() as stack:
        lan, sensor = namespaces.path(site.net.lan), namespaces.path(site.net.sensor)
        for address, port in targets[:2]:
            stack.enter_context(in_network_namespace(lan, partial(_listen, address, port)))
        stack.enter_context(in_network_namespace(sensor, partial(_listen, "", 8080)))
        ear = stack.enter_context(in_network_namespace(lan, partial(_datagrams, ATTACKER, 5000)))
        own = stack.enter_context(in_network_namespace(sensor, partial(_datagrams, "", 5000)))
        assert _open_from(site.net.lan, ATTACKER, 9999), "the target itself can be reached"
        for address, port in targets:
            assert not _open_from(inside, address, port), (address, port)
        for address in (ATTACKER, SENSOR, gateway, other):
            assert not ping(inside, address), address
            in_network_namespace(namespaces.path(inside), partial(_send, address, 5000))
        for silent in (ear, own):
            with pytest.raises(TimeoutError):
                silent.recv(100)
    assert site.tcp(22) == f"cowrie:2222 sees {ATTACKER}", "an attacker's session works all the while"


def test_honeypots_have_no_ipv6(site: Site) -> None:
    for namespace, device, address in (
        (site.pots[0], "eth0", "fd00::2"),
        (site.net.sensor, "hs-pot0", "fd00::1"),
        (site.net.sensor, "eth0", "fd01::1"),
        (site.net.lan, "eth0", "fd01::2"),
    ):
        sh("ip", "-n", namespace, "addr", "add", f"{address}/64", "dev", device, "nodad")
    sh("ip", "-n", site.pots[0], "route", "add", "fd01::/64", "via", "fd00::1")
    sh("ip", "-n", site.net.lan, "route", "add", "fd00::/64", "via", "fd01::1")
    sh("ip", "netns", "exec", site.net.sensor, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    for address in ("fd00::1", "fd01::1", "fd01::2"):
        assert not ping(site.pots[0], address)
    assert ping(site.net.lan, "fd01::1"), "the network itself has IPv6"
    sh("ip", "netns", "exec", site.net.sensor, "nft", "delete", "table", "inet", "honeysens")
    eventually(lambda: ping(site.pots[0], "fd01::2"), "without our rules it is open")


def test_honeypot_cannot_answer_in_the_name_of_another(site: Site) -> None:
    sh("ip", "-n", site.pots[1], "addr", "add", f"{COWRIE}/32", "dev", "lo")
    with in_network_namespace(namespaces.path(site.net.lan), lambda: _datagrams(ATTACKER, 6000)) as attacker:
        in_network_namespace(namespaces.path(site.net.lan), lambda: attacker.sendto(b"?", (SENSOR, 69)))
        assert attacker.recv(100).startswith(b"cowrie")

        def forge() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
                forger.bind((COWRIE, 6969))
                forger.sendto(b"forged", (ATTACKER, 6000))

        in_network_namespace(namespaces.path(site.pots[1]), forge)
        with pytest.raises(TimeoutError):
            attacker.recv(100)


def test_catch_all_takes_over_at_once_even_for_senders_that_never_pause(site: Site) -> None:
    assert site.udp(69, 7000) == f"cowrie:6969 sees {ATTACKER}"
    assert site.tcp(22) == f"cowrie:2222 sees {ATTACKER}"
    without = replace(FORWARDING, forwards=())
    site.apply(without)
    in_network_namespace(namespaces.path(site.net.sensor), lambda: forget_flows(stale_flows(FORWARDING, without)))
    assert site.udp(69, 7000) == f"recon:69 sees {ATTACKER}"
    assert site.tcp(22) == f"recon:22 sees {ATTACKER}"


def test_kernel_lists_what_was_rendered(site: Site) -> None:
    rendered = render_sensor(FORWARDING).partition("delete table inet honeysens")[2]
    assert _words(site.listing()) == _words(rendered)


def test_read_back_notices_tampering_and_survives_a_restart(site: Site, tmp_path: Path) -> None:
    sensor = namespaces.path(site.net.sensor)
    rules = render_sensor(FORWARDING)
    assert site.nftables.current(sensor) == rules
    assert Nftables(tmp_path / "book.json").current(sensor) == rules
    site.tcp(22)
    assert site.nftables.current(sensor) == rules, "traffic is no change"
    sh("ip", "netns", "exec", site.net.sensor, "nft", "insert", "rule", "inet", "honeysens", "forward", "accept")
    assert site.nftables.current(sensor) is None
    site.apply(FORWARDING)
    assert site.nftables.current(sensor) == rules
    sh("ip", "netns", "exec", site.net.sensor, "nft", "flush", "ruleset")
    assert site.nftables.current(sensor) is None


def test_bad_rules_change_nothing(site: Site) -> None:
    before = site.listing()
    with pytest.raises(NetfilterError, match="not applied"):
        site.nftables.apply(
            render_sensor(FORWARDING) + "table inet honeysens { nonsense }", namespaces.path(site.net.sensor)
        )
    assert site.listing() == before


def test_other_tables_are_left_alone(site: Site) -> None:
    sh("ip", "netns", "exec", site.net.sensor, "nft", "add", "table", "inet", "foreign")
    site.apply(replace(FORWARDING, forwards=()))
    assert "table inet foreign" in sh("ip", "netns", "exec", site.net.sensor, "nft", "list", "tables")


def _words(rules: str) -> list[str]:
    return re.sub(r"[{};]", " ", rules).replace("table inet honeysens", "").split()


def _listen(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port))


def _datagrams(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    made.settimeout(0.5)
    return made


def _icmp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    made.settimeout(3)
    return made


def _send(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"leak", (address, port))


def _open_from(namespace: str, address: str, port: int) -> bool:
    def attempt() -> bool:
        try:
            socket.create_connection((address, port), 0.7).close()
        except OSError:
            return False
        return True

    return in_network_namespace(namespaces.path(namespace), attempt)
