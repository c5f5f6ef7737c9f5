"""The kernel's own word for what was addressed, before netfilter led it to a mapped honeypot."""

import socket
from dataclasses import replace
from ipaddress import ip_address

import pytest
from sensor_support import namespaces
from sensor_support.namespaces import ATTACKER, ATTACKER6, SENSOR, SENSOR6, sh
from sensor_support.netfilter_site import COWRIE_POT, FORWARDING, Site

from sensor_manager.effects.flow_lookup import addressed
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.model import Forward
from sensor_manager.plan.destination import Flow
from sensor_wire.v1.event import Endpoint

pytestmark = pytest.mark.netns

SECOND, SECOND6 = "198.51.100.3", "2001:db8::3"
TARGETS = [(SENSOR, ATTACKER), (SECOND, ATTACKER), (SENSOR6, ATTACKER6), (SECOND6, ATTACKER6)]


@pytest.mark.parametrize(("target", "source"), TARGETS)
def test_it_tells_address_and_port_while_a_connection_lasts_and_a_while_after(
    site: Site, target: str, source: str
) -> None:
    for address in (f"{SECOND}/24", f"{SECOND6}/64"):
        sh("ip", "-n", site.net.sensor, "addr", "add", address, "dev", "eth0", "nodad")
    ranged = Forward("udp", 6900, COWRIE_POT, 6969, 6999)
    site.apply(replace(FORWARDING, forwards=(*FORWARDING.forwards, ranged)))
    honeypot = COWRIE_POT.address6 if ":" in target else COWRIE_POT.address
    assert honeypot is not None

    def ask(protocol: str, port: int, attacker_port: int) -> Endpoint | None:
        flow = Flow(protocol, honeypot, port, ip_address(source), attacker_port)
        return in_network_namespace(namespaces.path(site.net.sensor), lambda: addressed(flow))

    assert ask("tcp", 2222, 1) is None
    lan = namespaces.path(site.net.lan)
    with in_network_namespace(lan, lambda: socket.create_connection((target, 22), 3, (source, 0))) as client:
        port = client.getsockname()[1]
        assert ask("tcp", 2222, port) == Endpoint(ip=target, port=22)
        assert client.recv(100)
    assert ask("tcp", 2222, port) == Endpoint(ip=target, port=22)
    assert site.udp(6942, 5000, source, target)
    assert ask("udp", 6969, 5000) == Endpoint(ip=target, port=6942)
    assert ask("tcp", 6969, 5000) is None
