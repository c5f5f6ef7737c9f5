"""The facts of this sensor that decisions depend on."""

from ipaddress import IPv4Network, IPv6Network

from sensor_manager.effects.machine import speaks_ipv6
from sensor_manager.model import Site
from sensor_manager.server.config import registry_of
from sensor_manager.settings import Settings

SERVICE_POOL = IPv4Network("10.10.10.0/24")
"""Addresses of the honeypots' networks, as in the documents."""
SERVICE_POOL6 = IPv6Network("fd68:6f6e:6579::/48")
"""The same for IPv6, of a range that belongs to nobody."""


def site_of(settings: Settings, server_url: str) -> Site:
    """Return what the settings and the way to the server say."""
    return Site(
        registry=registry_of(server_url),
        interface=settings.interface,
        pool=SERVICE_POOL,
        pool6=SERVICE_POOL6 if speaks_ipv6(settings.interface) else None,
        host_network=settings.host_network,
        management=settings.management,
    )
