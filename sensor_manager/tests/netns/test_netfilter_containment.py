"""What the rules let honeypots say, and who gets past them. For all ways out see test_pivots.py."""

import struct
from concurrent.futures import ThreadPoolExecutor

import pytest
from sensor_support import namespaces
from sensor_support.namespaces import ATTACKER, ATTACKER6, SENSOR, SENSOR6, sh
from sensor_support.netfilter_site import (
    COWRIE,
    COWRIE6,
    RECON,
    RECON6,
    Site,
    open_from,
)
from sensor_support.sockets import advertise, datagrams, forge

from sensor_manager.effects.network_namespace import in_network_namespace

pytestmark = pytest.mark.netns


def test_honeypots_are_not_reached_past_the_port_map(site: Site) -> None:
    sh("ip", "-n", site.net.lan, "route", "add", "10.10.10.0/24", "via", SENSOR)
    sh("ip", "-n", site.net.lan, "route", "add", "fd00::/48", "via", SENSOR6)
    targets = [(COWRIE, 2222), (COWRIE, 9), (RECON, 4711), (COWRIE6, 2222), (COWRIE6, 9), (RECON6, 4711)]
    with ThreadPoolExecutor() as pool:
        assert not any(pool.map(lambda target: open_from(site.net.lan, *target), targets))


def test_honeypot_speaks_ipv6_in_its_own_name_only_and_announces_nothing(site: Site) -> None:
    """Neighbours find each other on the bridge; what a router or another honeypot would say goes nowhere."""
    sh("ip", "-n", site.pots[1], "addr", "add", f"{COWRIE6}/128", "dev", "lo", "nodad")
    lan = namespaces.path(site.net.lan)
    assert site.udp(69, source=ATTACKER6) == f"cowrie:6969 sees {ATTACKER6}"
    with in_network_namespace(lan, lambda: datagrams(ATTACKER6, 6000)) as attacker:
        in_network_namespace(lan, lambda: attacker.sendto(b"?", (SENSOR6, 69)))
        assert attacker.recv(100).startswith(b"cowrie")
        in_network_namespace(namespaces.path(site.pots[1]), lambda: forge(COWRIE6, 6969, ATTACKER6, 6000))
        with pytest.raises(TimeoutError):
            attacker.recv(100)
    routes = sh("ip", "-n", site.net.sensor, "-6", "route", "show", "default")
    advertisement = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    sh("ip", "netns", "exec", site.net.sensor, "sysctl", "-qw", "net.ipv6.conf.hs-pot0.accept_ra=2")
    in_network_namespace(namespaces.path(site.pots[0]), lambda: advertise(advertisement))
    assert sh("ip", "-n", site.net.sensor, "-6", "route", "show", "default") == routes


def test_honeypot_cannot_answer_in_the_name_of_another(site: Site) -> None:
    sh("ip", "-n", site.pots[1], "addr", "add", f"{COWRIE}/32", "dev", "lo")
    with in_network_namespace(namespaces.path(site.net.lan), lambda: datagrams(ATTACKER, 6000)) as attacker:
        in_network_namespace(namespaces.path(site.net.lan), lambda: attacker.sendto(b"?", (SENSOR, 69)))
        assert attacker.recv(100).startswith(b"cowrie")
        in_network_namespace(namespaces.path(site.pots[1]), lambda: forge(COWRIE, 6969, ATTACKER, 6000))
        with pytest.raises(TimeoutError):
            attacker.recv(100)
