"""Addresses as keys of 16 bytes that sort as addresses do, so that a network is one range of an index. Pure.

IPv4 addresses are those of `::ffff:0:0/96`, in both directions: what a sensor saw as an IPv4-mapped address is IPv4.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

MAPPED = bytes(10) + b"\xff\xff"
BYTES = 16


@dataclass(frozen=True)
class AddressRange:
    """All addresses from one key to another, both included."""

    low: bytes
    high: bytes

    def __contains__(self, key: bytes) -> bool:
        return self.low <= key <= self.high


def key_of(address: str) -> bytes:
    """The key of an address.

    Raises:
        ValueError: it is none.
    """
    parsed = ip_address(address.partition("%")[0])  # a scope (%eth0) means something on the sensor only
    return MAPPED + parsed.packed if isinstance(parsed, IPv4Address) else parsed.packed


def text_of(key: bytes) -> str:
    """The address of a key."""
    return str(IPv4Address(key[12:])) if key.startswith(MAPPED) else str(IPv6Address(key))


def range_of(text: str) -> AddressRange:
    """What an address, a network (`10.0.0.0/8`) or a range (`10.0.0.1-10.0.0.9`) covers.

    Raises:
        ValueError: says what is wrong, in words for people.
    """
    low, dash, high = (part.strip() for part in text.partition("-"))
    try:
        if dash:
            found = AddressRange(key_of(low), key_of(high))
        elif "/" in text:
            network = ip_network(text.strip(), strict=False)
            found = AddressRange(key_of(str(network[0])), key_of(str(network[-1])))
        else:
            found = AddressRange(key_of(text.strip()), key_of(text.strip()))
    except ValueError as error:
        raise ValueError("must be an address, a network (10.0.0.0/8) or a range (10.0.0.1-10.0.0.9)") from error
    # A network may end with what is IPv4, as ::/80 does.
    if dash and found.low.startswith(MAPPED) != found.high.startswith(MAPPED):
        raise ValueError("must be of one family from end to end")
    if found.low > found.high:
        raise ValueError("must begin before it ends")
    return found


def alone(text: str) -> bool:
    """Whether that is one address."""
    found = range_of(text)
    return found.low == found.high


def _checked(text: str) -> str:
    range_of(text)
    return text


AddressText = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_checked)]
"""An address, a network or a range, as people write it."""
