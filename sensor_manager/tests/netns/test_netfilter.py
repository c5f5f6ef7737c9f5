"""The rendered rules in a real kernel: attackers, sensor and two honeypots, each in a namespace of its own."""

import re
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.namespaces import ATTACKER, ATTACKER6, OTHER_ATTACKER6, SENSOR, SENSOR6, Lan, ping, sh
from sensor_support.other_machine import OTHER_MACHINE, other_machine

from sensor_manager.effects.conntrack import forget_flows
from sensor_manager.effects.errors import NetfilterError
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import CatchAll, Forward, Forwarding, Pot
from sensor_manager.plan.netfilter import render_sensor
from sensor_manager.plan.stale_flows import stale_flows

pytestmark = pytest.mark.netns

COWRIE, RECON = "10.10.10.2", "10.10.10.6"
COWRIE6, RECON6 = "fd00::2", "fd00:0:0:1::2"
COWRIE_POT = Pot(IPv4Address(COWRIE), IPv6Address(COWRIE6))
RECON_POT = Pot(IPv4Address(RECON), IPv6Address(RECON6))
FORWARDING = Forwarding(
    interface="eth0",
    bridges=(("hs-pot0", COWRIE_POT), ("hs-pot1", RECON_POT)),
    forwards=(Forward("tcp", 22, COWRIE_POT, 2222), Forward("udp", 69, COWRIE_POT, 6969)),
    catch_alls=(CatchAll(RECON_POT),),
)
ICMP6_FILTER = 1
SERVER = """
import socket, sys, threading
def tcp(port):
    server = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        client, peer = server.accept()
        client.sendall(f"{sys.argv[1]}:{port} sees {peer[0].removeprefix('::ffff:')}".encode())
        client.close()
def udp(port):
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.bind(("", port))
    while True:
        _, peer = server.recvfrom(100)
        server.sendto(f"{sys.argv[1]}:{port} sees {peer[0].removeprefix('::ffff:')}".encode(), peer)
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

    def tcp(self, port: int, source: str = ATTACKER, target: str | None = None) -> str:
        address = target or _sensor_as_seen_from(source)

        def attempt() -> str:
            with socket.create_connection((address, port), 3, (source, 0)) as connection:
                return connection.recv(100).decode()

        return in_network_namespace(namespaces.path(self.net.lan), attempt)

    def udp(self, port: int, source_port: int = 0, source: str = ATTACKER, target: str | None = None) -> str:
        address = target or _sensor_as_seen_from(source)

        def attempt() -> str:
            with socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM) as attacker:
                attacker.settimeout(3)
                attacker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                attacker.bind((source, source_port))
                attacker.sendto(b"?", (address, port))
                answer, peer = attacker.recvfrom(100)
                assert peer[:2] == (address, port)
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
        net = stack.enter_context(namespaces.lan(ipv6=True))
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


def test_ipv6_is_mapped_and_caught_with_the_attackers_own_address(site: Site) -> None:
    assert site.tcp(22, ATTACKER6) == f"cowrie:2222 sees {ATTACKER6}"
    assert site.tcp(22, OTHER_ATTACKER6) == f"cowrie:2222 sees {OTHER_ATTACKER6}"
    assert site.tcp(4711, ATTACKER6) == f"recon:4711 sees {ATTACKER6}"
    assert site.udp(69, source=ATTACKER6) == f"cowrie:6969 sees {ATTACKER6}"
    assert site.udp(5353, source=ATTACKER6) == f"recon:5353 sees {ATTACKER6}"
    with in_network_namespace(namespaces.path(site.pots[1]), lambda: _icmp_socket(six=True)) as ear:
        assert ping(site.net.lan, SENSOR6)
        _, peer = ear.recvfrom(1000)
    assert peer[0] in {ATTACKER6, OTHER_ATTACKER6}


SECOND, SECOND6 = "198.51.100.3", "2001:db8::3"


def test_each_address_has_its_own_services_and_the_catch_all_the_rest(site: Site) -> None:
    for address in (f"{SECOND}/24", f"{SECOND6}/64"):
        sh("ip", "-n", site.net.sensor, "addr", "add", address, "dev", "eth0", "nodad")
    at, at6 = IPv4Address(SECOND), IPv6Address(SECOND6)
    there = (Forward("tcp", 22, RECON_POT, 22, at=at), Forward("tcp", 22, RECON_POT, 4711, at=at6))
    site.apply(replace(FORWARDING, forwards=(*FORWARDING.forwards, *there)))
    assert site.tcp(22) == f"cowrie:2222 sees {ATTACKER}"
    assert site.tcp(22, target=SECOND) == f"recon:22 sees {ATTACKER}"
    assert site.tcp(22, ATTACKER6) == f"cowrie:2222 sees {ATTACKER6}"
    assert site.tcp(22, ATTACKER6, SECOND6) == f"recon:4711 sees {ATTACKER6}"
    assert site.udp(69) == f"cowrie:6969 sees {ATTACKER}"
    assert site.udp(69, target=SECOND) == f"recon:69 sees {ATTACKER}", "what nobody takes there is caught"
    site.apply(replace(FORWARDING, forwards=there, catch_alls=(CatchAll(COWRIE_POT, at),)))
    assert site.tcp(9, target=SECOND) == f"cowrie:9 sees {ATTACKER}"
    assert not _open_from(site.net.lan, SENSOR, 9), "that one's catch-all is for that address"
    sensor = namespaces.path(site.net.sensor)
    assert site.nftables.current(sensor) is not None
    sh("ip", "netns", "exec", site.net.sensor, "nft", "flush", "chain", "inet", "honeysens", "address0")
    assert site.nftables.current(sensor) is None, "a change of an address's own rules is noticed"


def test_ranges_lead_to_the_same_ports_or_to_one(site: Site) -> None:
    ranges = (
        Forward("tcp", 4700, RECON_POT, None, 4720),
        Forward("tcp", 8000, COWRIE_POT, 2222, 8099),
        Forward("udp", 60, COWRIE_POT, 6969, 70),
    )
    site.apply(Forwarding("eth0", FORWARDING.bridges, ranges))
    for source in (ATTACKER, ATTACKER6):
        assert site.tcp(4711, source) == f"recon:4711 sees {source}"
        for port in (8000, 8042, 8099):
            assert site.tcp(port, source) == f"cowrie:2222 sees {source}"
        assert site.udp(65, source=source) == f"cowrie:6969 sees {source}"
    assert not _open_from(site.net.lan, SENSOR, 8100)
    rules = render_sensor(Forwarding("eth0", FORWARDING.bridges, ranges)).partition("delete table inet honeysens")[2]
    assert _words(site.listing()) == _words(rules)


def test_on_a_machine_of_others_their_listeners_addresses_and_traffic_are_left_alone(site: Site) -> None:
    sh("ip", "-n", site.net.sensor, "addr", "add", f"{SECOND}/24", "dev", "eth0")
    mapped = Forward("tcp", 8080, COWRIE_POT, 2222)
    forwarding = replace(FORWARDING, forwards=(*FORWARDING.forwards, mapped))
    with ExitStack() as stack:
        other = stack.enter_context(other_machine(site.net))
        site.apply(forwarding)
        assert site.tcp(8080) == f"cowrie:2222 sees {ATTACKER}"
        assert not ping(site.net.lan, OTHER_MACHINE), "a sensor's own namespace forwards to honeypots only"
        site.serve(stack, site.net.sensor, "machine", "tcp:8080,udp:161")
        site.apply(replace(forwarding, host_network=True, management=(IPv4Address(SECOND),)))
        for source in (ATTACKER, ATTACKER6):
            assert site.tcp(8080, source) == f"machine:8080 sees {source}", "although it is mapped"
            assert site.udp(161, source=source) == f"machine:161 sees {source}", "although there is a catch-all"
            assert site.tcp(22, source) == f"cowrie:2222 sees {source}"
            assert site.tcp(4711, source) == f"recon:4711 sees {source}"
        assert not _open_from(site.net.lan, SECOND, 22), "the management address is no honeypot's"
        assert site.tcp(8080, target=SECOND) == f"machine:8080 sees {ATTACKER}"
        assert ping(site.net.lan, OTHER_MACHINE), "others are forwarded to as before"
        assert ping(other, ATTACKER)
        assert not ping(site.pots[0], OTHER_MACHINE)
        assert not ping(other, COWRIE)
        assert not ping(site.pots[0], ATTACKER)
        assert not _open_from(site.pots[0], SENSOR, 8080)
        rules = render_sensor(replace(forwarding, host_network=True, management=(IPv4Address(SECOND),)))
        assert _words(site.listing()) == _words(rules.partition("delete table inet honeysens")[2])


def test_echo_requests_reach_the_catch_all(site: Site) -> None:
    with in_network_namespace(namespaces.path(site.pots[1]), _icmp_socket) as ear:
        assert ping(site.net.lan, SENSOR)
        _, peer = ear.recvfrom(1000)
    assert peer[0] == namespaces.SERVER, "the first address of the network, from which this request came"


def test_honeypots_are_not_reached_past_the_port_map(site: Site) -> None:
    sh("ip", "-n", site.net.lan, "route", "add", "10.10.10.0/24", "via", SENSOR)
    sh("ip", "-n", site.net.lan, "route", "add", "fd00::/48", "via", SENSOR6)
    targets = [(COWRIE, 2222), (COWRIE, 9), (RECON, 4711), (COWRIE6, 2222), (COWRIE6, 9), (RECON6, 4711)]
    with ThreadPoolExecutor() as pool:
        assert not any(pool.map(lambda target: _open_from(site.net.lan, *target), targets))


def test_honeypot_speaks_ipv6_in_its_own_name_only_and_announces_nothing(site: Site) -> None:
    """Neighbours find each other on the bridge; what a router or another honeypot would say goes nowhere."""
    sh("ip", "-n", site.pots[1], "addr", "add", f"{COWRIE6}/128", "dev", "lo", "nodad")
    lan = namespaces.path(site.net.lan)
    assert site.udp(69, source=ATTACKER6) == f"cowrie:6969 sees {ATTACKER6}"
    with in_network_namespace(lan, lambda: _datagrams(ATTACKER6, 6000)) as attacker:
        in_network_namespace(lan, lambda: attacker.sendto(b"?", (SENSOR6, 69)))
        assert attacker.recv(100).startswith(b"cowrie")
        in_network_namespace(namespaces.path(site.pots[1]), lambda: _forge(COWRIE6, 6969, ATTACKER6, 6000))
        with pytest.raises(TimeoutError):
            attacker.recv(100)
    routes = sh("ip", "-n", site.net.sensor, "-6", "route", "show", "default")
    advertisement = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    sh("ip", "netns", "exec", site.net.sensor, "sysctl", "-qw", "net.ipv6.conf.hs-pot0.accept_ra=2")
    in_network_namespace(namespaces.path(site.pots[0]), lambda: _advertise(advertisement))
    assert sh("ip", "-n", site.net.sensor, "-6", "route", "show", "default") == routes


def test_honeypot_cannot_answer_in_the_name_of_another(site: Site) -> None:
    sh("ip", "-n", site.pots[1], "addr", "add", f"{COWRIE}/32", "dev", "lo")
    with in_network_namespace(namespaces.path(site.net.lan), lambda: _datagrams(ATTACKER, 6000)) as attacker:
        in_network_namespace(namespaces.path(site.net.lan), lambda: attacker.sendto(b"?", (SENSOR, 69)))
        assert attacker.recv(100).startswith(b"cowrie")
        in_network_namespace(namespaces.path(site.pots[1]), lambda: _forge(COWRIE, 6969, ATTACKER, 6000))
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


def _sensor_as_seen_from(source: str) -> str:
    return SENSOR6 if ":" in source else SENSOR


def _words(rules: str) -> list[str]:
    return re.sub(r"[{};]", " ", rules).replace("table inet honeysens", "").split()


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _listen(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), family=_family(address))


def _forge(source: str, source_port: int, target: str, port: int) -> None:
    with socket.socket(_family(source), socket.SOCK_DGRAM) as forger:
        forger.bind((source, source_port))
        forger.sendto(b"forged", (target, port))


def _advertise(message: bytes) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as router:
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        router.sendto(message, ("ff02::1%eth0", 0))


def _datagrams(address: str, port: int) -> socket.socket:
    made = socket.socket(_family(address), socket.SOCK_DGRAM)
    made.bind((address, port))
    made.settimeout(0.5)
    return made


def _icmp_socket(*, six: bool = False) -> socket.socket:
    version = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    made = socket.socket(version[0], socket.SOCK_RAW, version[1])
    if six:  # echo requests alone, as there is talk between neighbours all the time
        everything_but_echo = bytearray(b"\xff" * 32)
        everything_but_echo[16] = 0xFE
        made.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, bytes(everything_but_echo))
    made.settimeout(3)
    return made


def _send(address: str, port: int) -> None:
    with socket.socket(_family(address), socket.SOCK_DGRAM) as sender:
        sender.sendto(b"leak", (address, port))


def _open_from(namespace: str, address: str, port: int) -> bool:
    def attempt() -> bool:
        try:
            socket.create_connection((address, port), 0.7).close()
        except OSError:
            return False
        return True

    return in_network_namespace(namespaces.path(namespace), attempt)
