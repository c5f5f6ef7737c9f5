"""The way to stand-ins: a route by the honeypot that answers for them."""

import json

from sensor_manager.effects.commands import run_tool
from sensor_manager.model import Forwarding, Pot
from sensor_manager.plan.stand_ins import STAND_INS, STAND_INS6

type Way = tuple[int, str, str, str]
"""Version, network, the honeypot's address, its bridge."""


def ways_of(forwarding: Forwarding) -> tuple[Way, ...]:
    """Return the routes that stand-ins need."""
    needed = dict.fromkeys((seen.version, pot, bridge) for bridge, pot, seen in forwarding.stand_ins)
    return tuple((version, *_way(pot, version), bridge) for version, pot, bridge in needed)


def lead(ways: tuple[Way, ...]) -> None:
    """Make the routes. Each ends with its bridge, or when that is taken down.

    Raises:
        EffectError: there is no way.
    """
    for version, pool, gateway, bridge in ways:
        run_tool("ip", "link", "set", "dev", bridge, "up")
        # A bridge that was down has lost its addresses of IPv6: `onlink` spares them.
        run_tool("ip", f"-{version}", "route", "replace", pool, "via", gateway, "dev", bridge, "onlink")


def are_led(ways: tuple[Way, ...]) -> bool:
    """Tell whether all routes are there as they were made, and nobody's for a part of them.

    Raises:
        EffectError: the kernel does not tell.
    """
    return all(_found(version, pool) == [(gateway, bridge)] for version, pool, gateway, bridge in ways)


def _found(version: int, pool: str) -> list[tuple[str | None, str | None]]:
    listed = run_tool("ip", "-j", f"-{version}", "route", "show", "root", pool)
    return [(each.get("gateway"), each.get("dev")) for each in json.loads(listed or "[]")]


def _way(pot: Pot, version: int) -> tuple[str, str]:
    return (str(STAND_INS6), str(pot.address6)) if version == STAND_INS6.version else (str(STAND_INS), str(pot.address))
