"""By which address a catch-all honeypot sees each of the sensor's addresses.

Translation hides from a honeypot what its attacker addressed. So each further address of the sensor leads to an address
of its own: what stands there as destination tells the one that was meant, without asking the kernel.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network

from sensor_manager.model import IpAddress, Pot

STAND_INS = IPv4Network("198.18.10.0/24")
"""Of a range that no network uses (RFC 2544)."""
STAND_INS6 = IPv6Network("fd68:6f6e:6579:ffff::/64")
MOST = 250
"""Of each version; what comes at addresses beyond them is told with the main one."""


def stand_ins(addresses: Iterable[IpAddress], pot: Pot) -> tuple[tuple[IpAddress, IpAddress], ...]:
    """Return the further ones of the addresses with their stand-ins; the main one of each version needs none."""
    known = tuple(dict.fromkeys(addresses))
    pairs = list(_numbered(known, STAND_INS))
    return tuple(pairs if pot.address6 is None else [*pairs, *_numbered(known, STAND_INS6)])


def _numbered(addresses: Iterable[IpAddress], pool: IPv4Network | IPv6Network) -> Iterator[tuple[IpAddress, IpAddress]]:
    own = [each for each in addresses if each.version == pool.version]
    for number, address in enumerate(own[1 : MOST + 1], 1):
        yield address, pool[number]
