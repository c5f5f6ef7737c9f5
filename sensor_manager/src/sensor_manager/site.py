"""The facts of this sensor that decisions depend on."""

from ipaddress import IPv4Network

from sensor_manager.model import Site
from sensor_manager.server.config import registry_of
from sensor_manager.settings import Settings

SERVICE_POOL = IPv4Network("10.10.10.0/24")
"""Addresses of the honeypots' networks, as in the documents."""


def site_of(settings: Settings, server_url: str) -> Site:
    """Return what the settings and the way to the server say."""
    return Site(registry=registry_of(server_url), interface=settings.interface, pool=SERVICE_POOL)
