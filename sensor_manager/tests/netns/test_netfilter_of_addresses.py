"""The rendered rules where a sensor has several addresses, or the machine is not its own."""

from contextlib import ExitStack
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from sensor_support import namespaces
from sensor_support.namespaces import ATTACKER, ATTACKER6, SENSOR, ping, sh
from sensor_support.netfilter_site import (
    COWRIE,
    COWRIE_POT,
    FORWARDING,
    RECON_POT,
    Site,
    open_from,
    words,
)
from sensor_support.other_machine import OTHER_MACHINE, other_machine

from sensor_manager.model import CatchAll, Forward
from sensor_manager.plan.netfilter import render_sensor

pytestmark = pytest.mark.netns

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
    assert not open_from(site.net.lan, SENSOR, 9), "that one's catch-all is for that address"
    sensor = namespaces.path(site.net.sensor)
    assert site.nftables.current(sensor) is not None
    sh("ip", "netns", "exec", site.net.sensor, "nft", "flush", "chain", "inet", "honeysens", "address_198_51_100_3")
    assert site.nftables.current(sensor) is None, "a change of an address's own rules is noticed"


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
        assert not open_from(site.net.lan, SECOND, 22), "the management address is no honeypot's"
        assert site.tcp(8080, target=SECOND) == f"machine:8080 sees {ATTACKER}"
        assert ping(site.net.lan, OTHER_MACHINE), "others are forwarded to as before"
        assert ping(other, ATTACKER)
        assert not ping(site.pots[0], OTHER_MACHINE)
        assert not ping(other, COWRIE)
        assert not ping(site.pots[0], ATTACKER)
        assert not open_from(site.pots[0], SENSOR, 8080)
        rules = render_sensor(replace(forwarding, host_network=True, management=(IPv4Address(SECOND),)))
        assert words(site.listing()) == words(rules.partition("delete table inet honeysens")[2])
