"""Which tracked connections must be forgotten when forwarding changes.

Translation is decided once per connection. A source that keeps sending UDP or echo requests would stay with a honeypot
that is gone or no longer responsible, for as long as it sends.
"""

from dataclasses import dataclass
from typing import Literal

from sensor_manager.model import Forwarding, IpAddress


@dataclass(frozen=True, slots=True)
class FlowsTo:
    """All flows that are translated to this honeypot."""

    address: IpAddress


@dataclass(frozen=True, slots=True)
class FlowsOf:
    """All flows of this protocol, to this port of the sensor if given, by IPv4 and IPv6."""

    protocol: Literal["udp", "icmp"]
    port: int | None = None


def stale_flows(old: Forwarding, new: Forwarding) -> list[FlowsTo | FlowsOf]:
    """Return the flows that the old forwarding may have led elsewhere than the new one would."""
    stale: list[FlowsTo | FlowsOf] = [FlowsTo(each) for each in sorted(_targets(old) - _targets(new), key=str)]
    changed = [each for each in {*old.forwards} ^ {*new.forwards} if each.protocol == "udp"]
    stale += [FlowsOf("udp", port) for port in sorted({each.port for each in changed if each.last is None})]
    if old.catch_alls != new.catch_alls:
        stale += [FlowsOf("udp"), FlowsOf("icmp")]
    elif any(each.last is not None for each in changed):
        stale.append(FlowsOf("udp"))
    return stale


def _targets(forwarding: Forwarding) -> set[IpAddress]:
    pots = {each.pot for each in forwarding.forwards} | {each.pot for each in forwarding.catch_alls}
    return {address for pot in pots for address in (pot.address, pot.address6) if address is not None}
