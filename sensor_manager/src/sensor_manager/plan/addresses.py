"""Which honeypot lives on which network: one tiny bridge network each, cut from the sensor's pools."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from sensor_manager.model import Pot

SERVICE_PREFIX = 30
"""Room for the bridge and one honeypot."""
SERVICE_PREFIX6 = 64
"""What every IPv6 network has."""
IPV6_BITS = 128
BRIDGE_PREFIX = "hs-pot"
"""Bridges of honeypots, and nothing else, are named so; netfilter relies on it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One honeypot's network: its bridge, the bridge's addresses and the honeypot's own; IPv6 where there is any."""

    subnet: IPv4Network
    bridge: str
    gateway: IPv4Address
    address: IPv4Address
    subnet6: IPv6Network | None = None
    gateway6: IPv6Address | None = None
    address6: IPv6Address | None = None

    @property
    def pot(self) -> Pot:
        """The honeypot's addresses."""
        return Pot(self.address, self.address6)


def allocate(
    pool: IPv4Network,
    wanted: Iterable[str],
    networks: Collection[tuple[str, IPv4Network]],
    pool6: IPv6Network | None = None,
) -> dict[str, Place]:
    """Give each wanted service a place; whoever has one in the pool keeps it, others get the lowest free ones.

    Args:
        pool: network that is cut into places.
        wanted: names of services.
        networks: existing networks with their services, also of those that are no longer wanted.
        pool6: network of IPv6 that is cut into places of the same numbers; None: there is no IPv6.

    Returns:
        Places by service; services for which the pool has no room are missing.
    """
    names = sorted(set(wanted))
    kept = {name: subnet for name, subnet in networks if _fits(pool, subnet)}
    occupied = {subnet for _, subnet in networks}
    free = (subnet for subnet in pool.subnets(new_prefix=SERVICE_PREFIX) if subnet not in occupied)
    places: dict[str, Place] = {}
    for name in names:
        subnet = kept.get(name) or next(free, None)
        if subnet is not None:
            places[name] = _place(pool, subnet, pool6)
    return places


def _fits(pool: IPv4Network, subnet: IPv4Network) -> bool:
    return subnet.prefixlen == SERVICE_PREFIX and subnet.subnet_of(pool)


def _place(pool: IPv4Network, subnet: IPv4Network, pool6: IPv6Network | None) -> Place:
    number = (int(subnet.network_address) - int(pool.network_address)) // subnet.num_addresses
    place = Place(
        subnet=subnet,
        bridge=f"{BRIDGE_PREFIX}{number}",
        gateway=subnet.network_address + 1,
        address=subnet.network_address + 2,
    )
    if pool6 is None:
        return place
    subnet6 = IPv6Network((int(pool6.network_address) + (number << (IPV6_BITS - SERVICE_PREFIX6)), SERVICE_PREFIX6))
    return replace(place, subnet6=subnet6, gateway6=subnet6.network_address + 1, address6=subnet6.network_address + 2)
