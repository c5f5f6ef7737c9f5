"""Which honeypot lives on which network: one tiny bridge network each, cut from the sensor's pool."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

SERVICE_PREFIX = 30
"""Room for the bridge and one honeypot."""
BRIDGE_PREFIX = "hs-pot"
"""Bridges of honeypots, and nothing else, are named so; netfilter relies on it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One honeypot's network: its bridge, the bridge's address and the honeypot's own."""

    subnet: IPv4Network
    bridge: str
    gateway: IPv4Address
    address: IPv4Address


def allocate(
    pool: IPv4Network, wanted: Iterable[str], networks: Collection[tuple[str, IPv4Network]]
) -> dict[str, Place]:
    """Give each wanted service a place; whoever has one in the pool keeps it, others get the lowest free ones.

    Args:
        pool: network that is cut into places.
        wanted: names of services.
        networks: existing networks with their services, also of those that are no longer wanted.

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
            places[name] = _place(pool, subnet)
    return places


def _fits(pool: IPv4Network, subnet: IPv4Network) -> bool:
    return subnet.prefixlen == SERVICE_PREFIX and subnet.subnet_of(pool)


def _place(pool: IPv4Network, subnet: IPv4Network) -> Place:
    number = (int(subnet.network_address) - int(pool.network_address)) // subnet.num_addresses
    return Place(
        subnet=subnet,
        bridge=f"{BRIDGE_PREFIX}{number}",
        gateway=subnet.network_address + 1,
        address=subnet.network_address + 2,
    )
