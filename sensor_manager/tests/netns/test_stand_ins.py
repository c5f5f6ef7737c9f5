"""What attackers addressed, told by the addresses at which a catch-all honeypot sees their packets."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from sensor_support import namespaces
from sensor_support.builders import desired, event, service
from sensor_support.namespaces import ATTACKER, ATTACKER6, SENSOR, SENSOR6, Lan, ping, sh

from sensor_manager.effects.capture import LISTENER_PORT, open_capture_sockets
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import CatchAll, Forward, Forwarding, IpAddress, Observed, Pot, Site
from sensor_manager.plan.destination import as_outside, exposure
from sensor_manager.plan.netfilter import render_catch_all, render_sensor
from sensor_manager.plan.services import Wanted, select
from sensor_manager.plan.stand_ins import STAND_INS, STAND_INS6, stand_ins
from sensor_manager.platforms.base import LinuxHost
from sensor_manager.site import SERVICE_POOL, SERVICE_POOL6
from sensor_wire.v1.event import Endpoint

pytestmark = pytest.mark.netns

SECOND, THIRD, SECOND6 = "198.51.100.3", "198.51.100.4", "2001:db8::3"
ADDRESSES: tuple[IpAddress, ...] = tuple(map(ip_address, (SENSOR, SECOND, THIRD, SENSOR6, SECOND6)))
POT = Pot(IPv4Address("10.10.10.2"), IPv6Address("fd00::2"))
SO_ORIGINAL_DST = 80
UDP = 17


@dataclass
class CaughtAll:
    """A sensor of several addresses with a catch-all, and the sockets that its adapter gets."""

    net: Lan
    wanted: Wanted
    sockets: list[socket.socket]

    def addressed(self, seen: str, source: str) -> str:
        """Tell what the manager makes of a destination that the honeypot saw."""
        told = event(source=Endpoint(ip=source, port=4), destination=Endpoint(ip=seen, port=4711))
        return str(as_outside(told, exposure(self.wanted, ADDRESSES)).destination.ip)


@pytest.fixture
def caught(tmp_path: Path) -> Iterator[CaughtAll]:
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan(ipv6=True))
        for address in (f"{SECOND}/24", f"{THIRD}/24", f"{SECOND6}/64"):
            sh("ip", "-n", net.sensor, "addr", "add", address, "dev", "eth0", "nodad")
        sensor, pot = (namespaces.path(net.sensor), namespaces.path(stack.enter_context(namespaces.honeypot(net, 0))))
        nftables = Nftables(tmp_path / "book.json")
        nftables.apply(render_catch_all(LISTENER_PORT), pot)
        # The third address has services of its own; what they do not take is caught, too.
        forwards = (Forward("tcp", 22, POT, 2222, at=IPv4Address(THIRD)),)
        catch_all = CatchAll(POT, stand_ins=stand_ins(ADDRESSES, POT))
        forwarding = Forwarding("eth0", (("hs-pot0", POT),), forwards, (catch_all,))
        in_network_namespace(sensor, lambda: nftables.let_forward(forwarding))
        nftables.apply(render_sensor(forwarding), sensor)
        sockets = [stack.enter_context(each) for each in open_capture_sockets(pot, ipv6=True)]
        for each in sockets:
            each.settimeout(3)
        assert in_network_namespace(sensor, lambda: LinuxHost().addresses("eth0")) == ADDRESSES
        site = Site("server:1", "eth0", SERVICE_POOL, SERVICE_POOL6)
        wanted = select(Observed(now=0), desired(service("recon", catch_all=True)), site).wanted["recon"]
        place = replace(wanted.place, address=POT.address, address6=POT.address6)
        yield CaughtAll(net, Wanted(wanted.service, place), sockets)


TARGETS = [(SENSOR, ATTACKER), (SECOND, ATTACKER), (THIRD, ATTACKER), (SENSOR6, ATTACKER6), (SECOND6, ATTACKER6)]


@pytest.mark.parametrize(("target", "source"), TARGETS)
def test_every_contact_tells_which_address_was_meant(caught: CaughtAll, target: str, source: str) -> None:
    six = ":" in target
    packets, answers, listener = caught.sockets[3:] if six else caught.sockets[:3]
    lan = namespaces.path(caught.net.lan)
    with in_network_namespace(lan, lambda: socket.create_connection((target, 4711), 3, (source, 0))) as client:
        connection, peer = listener.accept()
        with connection:
            level, size = (socket.IPPROTO_IPV6, 28) if six else (socket.SOL_IP, 16)
            original = connection.getsockopt(level, SO_ORIGINAL_DST, size)
            connection.sendall(b"caught")
        assert client.recv(10) == b"caught"
    family = socket.AF_INET6 if six else socket.AF_INET
    seen = socket.inet_ntop(family, original[8:24] if six else original[4:8])
    assert (peer[0], caught.addressed(seen, source)) == (source, target)
    with in_network_namespace(lan, lambda: socket.socket(family, socket.SOCK_DGRAM)) as client:
        client.settimeout(3)
        client.bind((source, 5000))
        client.connect((target, 53))
        client.send(b"?")
        answers.sendto(_turned(_datagram(packets, six=six), six=six), (source, 0))
        assert client.recv(10) == b"?", "the answer comes from the address that was asked"
    assert ping(caught.net.lan, target)


def _datagram(packets: socket.socket, *, six: bool) -> bytes:
    while True:
        packet = packets.recv(2000)
        if packet[6 if six else 9] == UDP:
            return packet


def _turned(packet: bytes, *, six: bool) -> bytes:
    """Exchange both ends of a datagram, and do the checksum that its sender has left to the network card."""
    start, size = (8, 16) if six else (12, 4)
    ends = packet[start + size : start + 2 * size] + packet[start : start + size]
    rest = packet[start + 2 * size :]
    datagram = rest[2:4] + rest[:2] + rest[4:6] + b"\0\0" + rest[8:]
    summed = ends + struct.pack("!HH", UDP, len(datagram)) + datagram
    total = sum(struct.unpack(f"!{(len(summed) + 1) // 2}H", summed + b"\0" * (len(summed) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return packet[:start] + ends + datagram[:6] + struct.pack("!H", 0xFFFF - total) + datagram[8:]


ROUTES = (f"-4 route del {STAND_INS}", f"-6 route del {STAND_INS6}", f"route add {STAND_INS[8]} dev lo")


@pytest.mark.parametrize("meddling", [*ROUTES, "link set hs-pot0 down"])
def test_a_way_that_somebody_changed_is_noticed_and_made_again(tmp_path: Path, meddling: str) -> None:
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan(ipv6=True))
        stack.enter_context(namespaces.honeypot(net, 0))
        forwarding = Forwarding("eth0", (("hs-pot0", POT),), (), (CatchAll(POT, stand_ins=stand_ins(ADDRESSES, POT)),))
        rules = render_sensor(forwarding)

        def on_the_sensor[T](action: Callable[[Nftables], T]) -> T:
            """As a manager that has just been started."""
            return in_network_namespace(namespaces.path(net.sensor), lambda: action(Nftables(tmp_path / "book.json")))

        def apply(nftables: Nftables) -> None:
            nftables.let_forward(forwarding)
            nftables.apply(rules)

        on_the_sensor(apply)
        assert on_the_sensor(Nftables.current) == rules
        sh("ip", "-n", net.sensor, *meddling.split())
        assert on_the_sensor(Nftables.current) is None
        if meddling.startswith("route add"):
            assert on_the_sensor(Nftables.current) is None
            sh("ip", "-n", net.sensor, "route", "del", str(STAND_INS[8]))
        on_the_sensor(apply)
        assert on_the_sensor(Nftables.current) == rules
