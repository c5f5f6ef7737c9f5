"""A sensor that forwards IPv6 to its honeypots still takes its own address and route from the network's router."""

import socket
import struct
from ipaddress import IPv6Network

import pytest
from sensor_support import namespaces
from sensor_support.builders import eventually
from sensor_support.namespaces import sh

from sensor_manager.effects.machine import enable_forwarding, interface_addresses6, speaks_ipv6
from sensor_manager.effects.network_namespace import in_network_namespace

pytestmark = pytest.mark.netns

PREFIX = IPv6Network("2001:db8:9::/64")
ADVERTISEMENT = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + struct.pack(
    "!BBBBIII16s", 3, 4, 64, 0xC0, 86400, 14400, 0, PREFIX.network_address.packed
)


def _advertise() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as router:
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        router.sendto(ADVERTISEMENT, ("ff02::1%eth0", 0))


def test_router_is_still_listened_to() -> None:
    with namespaces.lan() as net:
        sensor, lan = namespaces.path(net.sensor), namespaces.path(net.lan)
        sh("ip", "netns", "exec", net.sensor, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=0")
        assert in_network_namespace(sensor, lambda: speaks_ipv6("eth0"))

        def configured() -> bool:
            in_network_namespace(lan, _advertise)
            found = in_network_namespace(sensor, lambda: interface_addresses6("eth0"))
            return any(each in PREFIX for each in found) and "via fe80" in _default_route(net.sensor)

        eventually(configured, "address and route by SLAAC")
        in_network_namespace(sensor, lambda: enable_forwarding("eth0"))
        assert "via fe80" in _default_route(net.sensor), "the route is still there"
        sh("ip", "-n", net.sensor, "-6", "route", "flush", "default")
        eventually(configured, "and would come again")


def test_interface_without_ipv6_is_left_so() -> None:
    with namespaces.lan() as net:
        sh("ip", "netns", "exec", net.sensor, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
        assert not in_network_namespace(namespaces.path(net.sensor), lambda: speaks_ipv6("eth0"))


def _default_route(namespace: str) -> str:
    return sh("ip", "-n", namespace, "-6", "route", "show", "default")
