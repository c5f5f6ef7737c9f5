"""What the machine's `ip` tells of an interface."""

import json
from ipaddress import ip_address, ip_interface
from typing import Any

from sensor_manager.effects.commands import run_tool
from sensor_manager.effects.errors import EffectError
from sensor_manager.plan.link import Address, Interface


def link(name: str) -> dict[str, Any]:
    """Return the interface itself; raises `EffectError` when there is none."""
    return _ip("link", "show", "dev", name)[0]


def addresses(name: str) -> list[dict[str, Any]]:
    """Return its addresses of both versions; raises `EffectError` when there is no such interface."""
    found: list[dict[str, Any]] = _ip("address", "show", "dev", name)[0]["addr_info"]
    return found


def gateways(version: str, name: str) -> list[Address]:
    """Return the default gateways by it, of `-4` or `-6`."""
    routes = _ip(version, "route", "show", "default", "dev", name)
    return [ip_address(each["gateway"]) for each in routes if "gateway" in each]


def family(address: Address) -> str:
    """Return the option that tells the tool an address's version."""
    return f"-{address.version}"


def interface(address: dict[str, Any]) -> Interface:
    """Return an address with its prefix."""
    return ip_interface(f"{address['local']}/{address['prefixlen']}")


def _ip(*arguments: str) -> list[dict[str, Any]]:
    answer = run_tool("ip", "-json", "-details", *arguments)
    try:
        found: list[dict[str, Any]] = json.loads(answer or "[]")
    except ValueError as error:
        raise EffectError(f"ip {' '.join(arguments)} answered no JSON") from error
    return found
