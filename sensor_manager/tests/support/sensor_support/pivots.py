"""Where a honeypot that has been taken over could want to go: the table, the ears there, and the attempts.

An attempt is made as root of the honeypot's network namespace, with raw sockets: more than any honeypot has.
"""

import socket
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_support import namespaces
from sensor_support.builders import uuid7
from sensor_support.ears import ANY_PORT, DOCKER_API, GROUPS, Ear
from sensor_support.namespaces import (
    ATTACKER,
    ATTACKER6,
    OTHER_ATTACKER,
    OTHER_ATTACKER6,
    SENSOR,
    SENSOR6,
    SERVER,
    Lan,
    sh,
)
from sensor_support.other_machine import OTHER_MACHINE, OTHER_MACHINE6, other_machine

INTERNET, INTERNET6 = "192.0.2.1", "2001:db8:ffff::1"
METADATA, METADATA6 = "169.254.169.254", "fd00:ec2::254"
BEYOND = (INTERNET, INTERNET6, METADATA, METADATA6)
PATIENCE_OF_ONE = 1.0
"""Seconds that an attempt has for its way to an ear in the same kernel."""
ECHO_REQUEST, ECHO_REQUEST6 = 8, 128
WORD_BITS = 16


@dataclass(frozen=True, order=True)
class Cell:
    """One way out: to whom, by which protocol, at which address; ICMP has no port."""

    place: str
    protocol: Literal["tcp", "udp", "icmp"]
    address: str
    port: int = ANY_PORT

    def __str__(self) -> str:
        return f"{self.place} by {self.protocol}: {self.address}" + ("" if self.protocol == "icmp" else f" {self.port}")


@dataclass(frozen=True)
class Surroundings:
    """What differs between honeypots: its bridge's addresses (the link-local one last) and those of its peer."""

    bridge: tuple[str, str, str]
    peer: tuple[str, str]


def pivots(around: Surroundings) -> tuple[Cell, ...]:
    """Return the table."""
    places = {
        "the attacker": (ATTACKER, ATTACKER6),
        "another machine of the network": (OTHER_ATTACKER, OTHER_ATTACKER6),
        "the server": (SERVER,),
        "the sensor": (SENSOR, SENSOR6),
        "the sensor, at its bridge": around.bridge,
        "the peer": around.peer,
        "the internet": (INTERNET, INTERNET6),
        "the cloud's metadata": (METADATA, METADATA6),
        "a container of the machine's own": (OTHER_MACHINE, OTHER_MACHINE6),
    }
    cells = [
        Cell(place, protocol, address)
        for place, addresses in places.items()
        for address in addresses
        for protocol in ("tcp", "udp", "icmp")
    ]
    cells += [Cell("Docker's API", "tcp", address, DOCKER_API) for address in (SENSOR, SENSOR6, *around.bridge)]
    cells += [Cell("all who listen", protocol, group) for group in GROUPS for protocol in ("udp", "icmp")]
    return (*cells, Cell("everybody on the link", "udp", "255.255.255.255"))


@contextmanager
def ears(net: Lan, peer: str) -> Iterator[list[Ear]]:
    """Listen at all places of the table; `peer` is the path of the other honeypot's network namespace.

    All of them have a way back to the honeypots, so that nothing but the sensor's rules can be in the way.
    """
    with ExitStack() as stack:
        other = stack.enter_context(other_machine(net))
        for address in BEYOND:
            sh("ip", "-n", net.lan, "addr", "add", address, "dev", "lo")
            stack.callback(sh, "ip", "-n", net.lan, "addr", "del", address, "dev", "lo")
        for version, gateway in (("-4", SERVER), ("-6", OTHER_ATTACKER6)):
            sh("ip", "-n", net.sensor, version, "route", "add", "default", "via", gateway, "dev", "eth0")
            stack.callback(sh, "ip", "-n", net.sensor, version, "route", "del", "default", "via", gateway)
        for pool, gateway in (("10.10.10.0/24", SENSOR), ("fd00::/8", SENSOR6)):
            sh("ip", "-n", net.lan, "route", "replace", pool, "via", gateway, "dev", "eth0")
            stack.callback(sh, "ip", "-n", net.lan, "route", "del", pool)
        sh("ip", "netns", "exec", net.sensor, "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_broadcasts=0")
        places = [namespaces.path(each) for each in (net.lan, net.sensor, other)]
        yield [stack.enter_context(Ear(each)) for each in (*places, peer)]


def opened(place: str, cells: Iterable[Cell], listening: Iterable[Ear]) -> set[Cell]:
    """Try all cells from the network namespace at this path; returns those by which something got through."""
    cells, run = tuple(cells), uuid7().hex
    tokens = {f"{run}{number:04}".encode(): cell for number, cell in enumerate(cells)}
    with ThreadPoolExecutor(len(cells)) as pool:
        attempts = [pool.submit(in_network_namespace, place, partial(_attempt, *each)) for each in tokens.items()]
        connected = {cell for cell, attempt in zip(cells, attempts, strict=True) if attempt.result()}
    return connected | {tokens[token] for ear in listening for token in ear.heard() if token in tokens}


def _attempt(token: bytes, cell: Cell) -> bool:
    """Connect, or send the token; tells whether a connection was made."""
    family = socket.AF_INET6 if ":" in cell.address else socket.AF_INET
    try:
        match cell.protocol:
            case "tcp":
                socket.create_connection((cell.address, cell.port), PATIENCE_OF_ONE).close()
                return True
            case "udp":
                with socket.socket(family, socket.SOCK_DGRAM) as sender:
                    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                    sender.sendto(token, (cell.address, cell.port))
            case "icmp":
                protocol = socket.IPPROTO_ICMPV6 if family is socket.AF_INET6 else socket.IPPROTO_ICMP
                with socket.socket(family, socket.SOCK_RAW, protocol) as sender:
                    sender.sendto(_echo(token, six=family is socket.AF_INET6), (cell.address, 0))
    except OSError:
        pass
    return False


def _echo(token: bytes, *, six: bool) -> bytes:
    """Make an echo request; the checksum of ICMPv6 is the kernel's work."""
    kind = ECHO_REQUEST6 if six else ECHO_REQUEST
    words = struct.unpack(f"!{len(token) // 2}H", token)
    total = (kind << 8) + sum(words)
    while total >> WORD_BITS:
        total = (total & 0xFFFF) + (total >> WORD_BITS)
    return struct.pack("!BBHHH", kind, 0, 0xFFFF - total, 0, 0) + token
