"""What a catch-all honeypot sees through the sockets it is given."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sensor_support import namespaces

from sensor_manager.effects.capture import LISTENER_PORT, open_capture_sockets
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.effects.nftables import Nftables
from sensor_manager.plan.netfilter import render_catch_all

pytestmark = pytest.mark.netns

POT, OUTSIDE = "10.10.10.2", "10.10.10.1"
SO_ORIGINAL_DST = 80
TCP, UDP, ICMP = 6, 17, 1
SYN = 0x02


class Pot:
    """A prepared namespace with its three sockets, and the network outside of it."""

    def __init__(self, outside: str, inside: str, sockets: list[socket.socket]) -> None:
        self.outside = outside
        self.inside = inside
        self.packets, self.answers, self.listener = sockets

    def seen(self, protocol: int, port: int | None = None) -> tuple[bytes, bytes]:
        """Wait for a packet of the protocol (to the port); returns its header and what follows."""
        while True:
            packet = self.packets.recv(65535)
            length = (packet[0] & 15) * 4
            header, rest = packet[:length], packet[length:]
            if header[9] == protocol and (port is None or struct.unpack_from("!H", rest, 2)[0] == port):
                return header, rest

    def client(self, kind: socket.SocketKind) -> socket.socket:
        made = in_network_namespace(self.outside, lambda: socket.socket(socket.AF_INET, kind))
        made.settimeout(3)
        return made


@pytest.fixture
def pot(tmp_path: Path) -> Iterator[Pot]:
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan())
        inside = namespaces.path(stack.enter_context(namespaces.honeypot(net, 0)))
        Nftables(tmp_path / "book.json").apply(render_catch_all(LISTENER_PORT), inside)
        sockets = [stack.enter_context(each) for each in open_capture_sockets(inside)]
        for each in sockets:
            each.settimeout(3)
        yield Pot(namespaces.path(net.sensor), inside, sockets)


@pytest.mark.parametrize("port", [1, 53, 5353, LISTENER_PORT, 65535])
def test_datagram_to_any_port_is_seen_and_can_be_answered(pot: Pot, port: int) -> None:
    with pot.client(socket.SOCK_DGRAM) as client:
        client.connect((POT, port))
        client.send(b"hello")
        header, datagram = pot.seen(UDP, port)
        assert datagram[8:] == b"hello"
        source = struct.unpack_from("!H", datagram)[0]
        answer = b"who are you"
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, UDP, 0) + header[16:20] + header[12:16]
        packet += struct.pack("!HHHH", port, source, 8 + len(answer), 0) + answer
        pot.answers.sendto(packet, (OUTSIDE, 0))
        assert client.recv(100) == answer, "and no 'port unreachable' came before it"


@pytest.mark.parametrize("port", [1, 22, 4711, LISTENER_PORT, 65535])
def test_connection_to_any_port_is_accepted_with_its_port(pot: Pot, port: int) -> None:
    with pot.client(socket.SOCK_STREAM) as client:
        client.connect((POT, port))
        connection, peer = pot.listener.accept()
        with connection:
            original = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
            assert struct.unpack_from("!H", original, 2)[0] == port
            assert socket.inet_ntoa(original[4:8]) == POT
            assert peer[0] == OUTSIDE
        _, segment = pot.seen(TCP, port)
        assert segment[13] == SYN


def test_echo_request_is_seen_and_answered(pot: Pot) -> None:
    with in_network_namespace(
        pot.outside, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    ) as client:
        client.settimeout(3)
        body = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        checksum = 0xFFFF - sum(struct.unpack("!4H", body)) % 0xFFFF
        client.sendto(struct.pack("!BBHHH", 8, 0, checksum, 1, 1), (POT, 0))
        _, message = pot.seen(ICMP)
        assert message[0] == 8
        assert client.recv(100)[20] == 0


def test_sockets_can_be_had_again_while_the_old_ones_live(pot: Pot) -> None:
    again = open_capture_sockets(pot.inside)
    pot.listener.close()
    with pot.client(socket.SOCK_STREAM) as client:
        client.connect((POT, 80))
        again[2].settimeout(3)
        connection, _ = again[2].accept()
        connection.close()
    for each in again:
        each.close()


def test_thousand_ports_at_once_lose_nothing(pot: Pot) -> None:
    with pot.client(socket.SOCK_DGRAM) as client:
        for port in range(1, 1001):
            client.sendto(b"scan", (POT, port))
    seen = {struct.unpack_from("!H", pot.seen(UDP)[1], 2)[0] for _ in range(1000)}
    assert seen == set(range(1, 1001))


def test_namespace_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        open_capture_sockets(str(tmp_path / "gone"))
