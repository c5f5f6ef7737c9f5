"""The facts of this sensor that decisions depend on."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from sensor_manager.effects.machine import speaks_ipv6
from sensor_manager.files import write_durably
from sensor_manager.model import Site
from sensor_manager.server.config import registry_of
from sensor_manager.settings import Settings

SERVICE_POOL = IPv4Network("10.10.10.0/24")
"""Addresses of the honeypots' networks, as in the documents."""
SERVICE_POOL6 = IPv6Network("fd68:6f6e:6579::/48")
"""The same for IPv6, of a range that belongs to nobody."""

MAX_REGISTRIES = 32

_REGISTRIES = TypeAdapter(list[str])

log = structlog.get_logger(__name__)


def site_of(settings: Settings, server_url: str) -> Site:
    """Return what the settings and the way to the server say."""
    registry = registry_of(server_url)
    return Site(
        registry=registry,
        former=_known(settings.registries) - {registry},
        interface=settings.interface,
        pool=SERVICE_POOL,
        pool6=SERVICE_POOL6 if speaks_ipv6(settings.interface) else None,
        host_network=settings.host_network,
        management=settings.management,
    )


def remembered_site_of(settings: Settings, server_url: str) -> Site:
    """Return the same, and keep where images come from now: when the server has moved, those that are left are ours."""
    registry, known = registry_of(server_url), _known(settings.registries)
    if registry not in known:
        latest = [*sorted(known), registry][-MAX_REGISTRIES:]
        try:
            write_durably(settings.registries, _REGISTRIES.dump_json(latest).decode())
        except OSError as error:
            log.warning("where images come from is not kept", reason=str(error))
    return site_of(settings, server_url)


def _known(path: Path) -> frozenset[str]:
    try:
        return frozenset(_REGISTRIES.validate_json(path.read_bytes()))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValidationError) as error:
        log.warning("where images came from is not known any more", reason=type(error).__name__)
        return frozenset()
