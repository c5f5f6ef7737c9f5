"""Which tracked connections must be forgotten when forwarding changes.

Translation is decided once per connection. A source that keeps sending UDP or echo requests would stay with a honeypot
that is gone or no longer responsible, for as long as it sends.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from sensor_manager.model import Forwarding


@dataclass(frozen=True, slots=True)
class FlowsTo:
    """All flows that are translated to this honeypot."""

    address: IPv4Address


@dataclass(frozen=True, slots=True)
class FlowsOf:
    """All flows of this protocol, to this port of the sensor if given."""

    protocol: Literal["udp", "icmp"]
    port: int | None = None


def stale_flows(old: Forwarding, new: Forwarding) -> list[FlowsTo | FlowsOf]:
    """Return the flows that the old forwarding may have led elsewhere than the new one would."""
    stale: list[FlowsTo | FlowsOf] = [FlowsTo(address) for address in sorted(_targets(old) - _targets(new))]
    changed = {*old.forwards} ^ {*new.forwards}
    stale += [FlowsOf("udp", port) for port in sorted({each.port for each in changed if each.protocol == "udp"})]
    if old.catch_all != new.catch_all:
        stale += [FlowsOf("udp"), FlowsOf("icmp")]
    return stale


def _targets(forwarding: Forwarding) -> set[IPv4Address]:
    catch_all = {forwarding.catch_all} if forwarding.catch_all is not None else set()
    return {each.address for each in forwarding.forwards} | catch_all
