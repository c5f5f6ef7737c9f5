"""The rendered rules lead attackers to honeypots, in a real kernel."""

from dataclasses import replace

import pytest
from sensor_support import namespaces
from sensor_support.namespaces import ATTACKER, ATTACKER6, OTHER_ATTACKER6, SENSOR, SENSOR6, ping
from sensor_support.netfilter_site import (
    COWRIE_POT,
    FORWARDING,
    RECON_POT,
    Site,
    open_from,
    words,
)
from sensor_support.sockets import icmp_socket

from sensor_manager.effects.conntrack import forget_flows
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.model import Forward, Forwarding
from sensor_manager.plan.netfilter import render_sensor
from sensor_manager.plan.stale_flows import stale_flows

pytestmark = pytest.mark.netns


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
    with in_network_namespace(namespaces.path(site.pots[1]), lambda: icmp_socket(six=True)) as ear:
        assert ping(site.net.lan, SENSOR6)
        _, peer = ear.recvfrom(1000)
    assert peer[0] in {ATTACKER6, OTHER_ATTACKER6}


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
    assert not open_from(site.net.lan, SENSOR, 8100)
    rules = render_sensor(Forwarding("eth0", FORWARDING.bridges, ranges)).partition("delete table inet honeysens")[2]
    assert words(site.listing()) == words(rules)


def test_echo_requests_reach_the_catch_all(site: Site) -> None:
    with in_network_namespace(namespaces.path(site.pots[1]), icmp_socket) as ear:
        assert ping(site.net.lan, SENSOR)
        _, peer = ear.recvfrom(1000)
    assert peer[0] == namespaces.SERVER, "the first address of the network, from which this request came"


def test_catch_all_takes_over_at_once_even_for_senders_that_never_pause(site: Site) -> None:
    assert site.udp(69, 7000) == f"cowrie:6969 sees {ATTACKER}"
    assert site.tcp(22) == f"cowrie:2222 sees {ATTACKER}"
    without = replace(FORWARDING, forwards=())
    site.apply(without)
    in_network_namespace(namespaces.path(site.net.sensor), lambda: forget_flows(stale_flows(FORWARDING, without)))
    assert site.udp(69, 7000) == f"recon:69 sees {ATTACKER}"
    assert site.tcp(22) == f"recon:22 sees {ATTACKER}"
