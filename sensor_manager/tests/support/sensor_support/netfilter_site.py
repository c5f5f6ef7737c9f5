"""The rendered rules in a real kernel: attackers, sensor and two honeypots, each in a namespace of its own."""

import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.effects.nftables import Nftables
from sensor_manager.model import CatchAll, Forward, Forwarding, Pot
from sensor_manager.plan.netfilter import render_sensor
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.namespaces import ATTACKER, SENSOR, SENSOR6, Lan, sh

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


def _sensor_as_seen_from(source: str) -> str:
    return SENSOR6 if ":" in source else SENSOR


def words(rules: str) -> list[str]:
    return re.sub(r"[{};]", " ", rules).replace("table inet honeysens", "").split()


def open_from(namespace: str, address: str, port: int) -> bool:
    def attempt() -> bool:
        try:
            socket.create_connection((address, port), 0.7).close()
        except OSError:
            return False
        return True

    return in_network_namespace(namespaces.path(namespace), attempt)
