"""Network namespaces of a test: a local network with attackers, and the sensor on it."""

import contextlib
import random
import secrets
import socket
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from sensor_manager.effects.network_namespace import in_network_namespace

LAN_ADDRESSES = ("198.51.100.1", "198.51.100.10", "198.51.100.11")
"""The server's address and two attackers'."""
SERVER, ATTACKER, OTHER_ATTACKER = LAN_ADDRESSES
SENSOR = "198.51.100.2"
ATTACKER6, OTHER_ATTACKER6, SENSOR6 = "2001:db8::10", "2001:db8::11", "2001:db8::2"


def sh(*command: str, stdin: str = "") -> str:
    """Run a command, fail with its error output, return its output."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def path(namespace: str) -> str:
    """Return the path of a namespace."""
    return f"/run/netns/{namespace}"


def ping(namespace: str, address: str, timeout: float = 1.0) -> bool:
    """Tell whether an echo request sent in the namespace is answered; IPv4 or IPv6."""
    if ":" in address:
        family, protocol, request, answer, offset = socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129, 0
    else:
        family, protocol, request, answer, offset = socket.AF_INET, socket.IPPROTO_ICMP, 8, 0, 20
    number = random.randrange(1, 2**16)
    checksum = 0xFFFF - sum((request << 8, number, 1)) % 0xFFFF

    def attempt() -> bool:
        with socket.socket(family, socket.SOCK_RAW, protocol) as probe:
            probe.settimeout(timeout)
            try:
                probe.sendto(struct.pack("!BBHHH", request, 0, checksum, number, 1), (address, 0))
                while True:
                    message = probe.recv(1000)[offset:]
                    if message[0] == answer and struct.unpack_from("!H", message, 4)[0] == number:
                        return True
            except OSError:
                return False

    return in_network_namespace(path(namespace), attempt)


@dataclass(frozen=True)
class Lan:
    """Names of the two namespaces."""

    lan: str
    sensor: str
    tag: str


@dataclass(frozen=True)
class Visitor:
    """A machine on the network: its namespace, and its addresses of both versions."""

    namespace: str
    address: str
    address6: str


@contextlib.contextmanager
def namespace(name: str) -> Iterator[str]:
    """Make a namespace for the length of a block."""
    sh("ip", "netns", "add", name)
    try:
        sh("ip", "-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        sh("ip", "netns", "del", name)


@contextlib.contextmanager
def lan(*, ipv6: bool = False) -> Iterator[Lan]:
    """Make a network of server, attackers and sensor; the sensor is at eth0, with an IPv6 address if wanted."""
    tag = secrets.token_hex(3)
    with namespace(f"hs{tag}-lan") as outside, namespace(f"hs{tag}-sensor") as sensor:
        sh("ip", "-n", outside, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", sensor)
        for address in LAN_ADDRESSES:
            sh("ip", "-n", outside, "addr", "add", f"{address}/24", "dev", "eth0")
        for address in (ATTACKER6, OTHER_ATTACKER6):
            sh("ip", "-n", outside, "addr", "add", f"{address}/64", "dev", "eth0", "nodad")
        sh("ip", "-n", outside, "link", "set", "eth0", "up")
        sh("ip", "-n", sensor, "addr", "add", f"{SENSOR}/24", "dev", "eth0")
        if ipv6:
            sh("ip", "-n", sensor, "addr", "add", f"{SENSOR6}/64", "dev", "eth0", "nodad")
        sh("ip", "-n", sensor, "link", "set", "eth0", "up")
        for setting in ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"):
            sh("ip", "netns", "exec", sensor, "sysctl", "-qw", setting)
        yield Lan(outside, sensor, tag)


@contextlib.contextmanager
def visitor(net: Lan, number: int) -> Iterator[Visitor]:
    """Make a namespace for one more machine on the network, 198.51.100.<number> and 2001:db8::<number>."""
    link = f"visitor{number}"
    with namespace(f"hs{net.tag}-{link}") as name:
        made = Visitor(name, f"198.51.100.{number}", f"2001:db8::{number}")
        sh("ip", "-n", net.lan, "link", "add", link, "link", "eth0", "type", "macvlan", "mode", "bridge")
        sh("ip", "-n", net.lan, "link", "set", link, "netns", name, "name", "eth0")
        sh("ip", "-n", name, "addr", "add", f"{made.address}/24", "dev", "eth0")
        sh("ip", "-n", name, "addr", "add", f"{made.address6}/64", "dev", "eth0", "nodad")
        sh("ip", "-n", name, "link", "set", "eth0", "up")
        yield made


@contextlib.contextmanager
def honeypot(net: Lan, number: int) -> Iterator[str]:
    """Make a namespace that is wired like a honeypot's container, 10.10.10.(4n+2) and fd00:0:0:n::2, without it."""
    bridge, gateway, address = f"hs-pot{number}", f"10.10.10.{4 * number + 1}", f"10.10.10.{4 * number + 2}"
    with namespace(f"hs{net.tag}-pot{number}") as name:
        sh("ip", "-n", net.sensor, "link", "add", bridge, "type", "bridge")
        sh("ip", "-n", net.sensor, "addr", "add", f"{gateway}/30", "dev", bridge)
        sh("ip", "-n", net.sensor, "addr", "add", f"fd00:0:0:{number}::1/64", "dev", bridge, "nodad")
        sh("ip", "-n", net.sensor, "link", "set", bridge, "up")
        sh("ip", "-n", net.sensor, "link", "add", f"pot{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
        sh("ip", "-n", net.sensor, "link", "set", f"pot{number}", "master", bridge, "up")
        sh("ip", "-n", name, "addr", "add", f"{address}/30", "dev", "eth0")
        sh("ip", "-n", name, "link", "set", "eth0", "up")
        sh("ip", "-n", name, "addr", "add", f"fd00:0:0:{number}::2/64", "dev", "eth0", "nodad")
        sh("ip", "-n", name, "route", "add", "default", "via", gateway)
        sh("ip", "-n", name, "route", "add", "default", "via", f"fd00:0:0:{number}::1")
        yield name
