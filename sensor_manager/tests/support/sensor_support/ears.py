"""Listening in a network namespace to whatever gets there."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Self

from sensor_manager.effects.network_namespace import in_network_namespace

ANY_PORT, DOCKER_API = 7777, 2375
GROUPS = ("224.0.0.1", "224.0.0.251", "ff02::1%eth0", "ff02::2%eth0", "ff02::16%eth0", "ff02::fb%eth0")
"""All nodes, names and routers of the link, as a honeypot says it."""
IP_HEADER, ICMP_HEADER = 20, 8


class Ear:
    """TCP, UDP and ICMP, IPv4 and IPv6, and the groups of the link on all honeypots' bridges.

    Args:
        place: path of the network namespace.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._stack = ExitStack()
        self._datagrams: list[tuple[socket.socket, int]] = []

    def __enter__(self) -> Self:
        in_network_namespace(self._place, self._open)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def heard(self) -> Iterator[bytes]:
        """Yield what has come since the last time, without headers; connections are not told."""
        for each, header in self._datagrams:
            while True:
                try:
                    yield each.recv(2000)[header:]
                except BlockingIOError:
                    break

    def _open(self) -> None:
        for port in (ANY_PORT, DOCKER_API):
            self._stack.enter_context(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True))
        four = self._listen(socket.AF_INET, socket.SOCK_DGRAM, 0)
        six = self._listen(socket.AF_INET6, socket.SOCK_DGRAM, 0)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for each, anywhere in ((four, "0.0.0.0"), (six, "::")):
            each.bind((anywhere, ANY_PORT))
        self._listen(socket.AF_INET, socket.SOCK_RAW, IP_HEADER + ICMP_HEADER, socket.IPPROTO_ICMP)
        self._listen(socket.AF_INET6, socket.SOCK_RAW, ICMP_HEADER, socket.IPPROTO_ICMPV6)
        for number, name in socket.if_nameindex():
            if name.startswith("hs-pot"):
                _join(four, six, number)

    def _listen(
        self, family: socket.AddressFamily, kind: socket.SocketKind, header: int, protocol: int = 0
    ) -> socket.socket:
        made = self._stack.enter_context(socket.socket(family, kind, protocol))
        made.setblocking(False)  # noqa: FBT003 - named so by Python
        self._datagrams.append((made, header))
        return made


def _join(four: socket.socket, six: socket.socket, interface: int) -> None:
    for group in (each.partition("%")[0] for each in GROUPS):
        if ":" in group:
            wanted = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", interface)
            six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, wanted)
        else:
            wanted = socket.inet_aton(group) + socket.inet_aton("0.0.0.0") + struct.pack("@i", interface)
            four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, wanted)
