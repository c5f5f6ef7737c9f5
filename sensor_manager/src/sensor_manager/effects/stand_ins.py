"""The way to stand-ins: a route by the honeypot that answers for them."""

from sensor_manager.effects.commands import run_tool
from sensor_manager.model import Forwarding, Pot
from sensor_manager.plan.stand_ins import STAND_INS, STAND_INS6


def lead_stand_ins(forwarding: Forwarding) -> None:
    """Lead all stand-ins to their honeypot. The route ends with its bridge.

    Raises:
        EffectError: there is no way.
    """
    ways = dict.fromkeys((bridge, pot, seen.version) for bridge, pot, seen in forwarding.stand_ins)
    for bridge, pot, version in ways:
        pool, gateway = _way(pot, version)
        run_tool("ip", f"-{version}", "route", "replace", pool, "via", gateway, "dev", bridge)


def _way(pot: Pot, version: int) -> tuple[str, str]:
    return (str(STAND_INS6), str(pot.address6)) if version == STAND_INS6.version else (str(STAND_INS), str(pot.address))
