"""Addresses, networks and ranges compare as addresses do, IPv4 and IPv6."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server_app.events.addresses import key_of, range_of, text_of


def is_no_ipv4(address: Any) -> bool:
    """Whether an IPv6 address is more than an IPv4 address in other clothes."""
    return IPv6Address(address).ipv4_mapped is None


V4 = st.ip_addresses(v=4)
V6: st.SearchStrategy[Any] = st.ip_addresses(v=6).filter(is_no_ipv4)


@given(address=V4 | V6)
def test_a_key_is_the_address(address: IPv4Address | IPv6Address) -> None:
    assert text_of(key_of(str(address))) == str(address)


@given(one=V4, other=V4)
def test_ipv4_keys_sort_as_addresses(one: IPv4Address, other: IPv4Address) -> None:
    assert (key_of(str(one)) < key_of(str(other))) == (one < other)


@given(one=V6, other=V6)
def test_ipv6_keys_sort_as_addresses(one: IPv6Address, other: IPv6Address) -> None:
    assert (key_of(str(one)) < key_of(str(other))) == (one < other)


@given(address=V4, base=V4, length=st.integers(0, 32))
def test_an_ipv4_network_covers_its_addresses(address: IPv4Address, base: IPv4Address, length: int) -> None:
    network = IPv4Network((base, length), strict=False)
    covered = range_of(f"{base}/{length}")
    assert (key_of(str(address)) in covered) == (address in network)
    assert key_of(str(network[0])) in covered
    assert key_of(str(network[-1])) in covered


@given(address=V6, base=V6, length=st.integers(0, 128))
@example(address=IPv6Address("::"), base=IPv6Address("::"), length=80)  # ends with all of IPv4
def test_an_ipv6_network_covers_its_addresses(address: IPv6Address, base: IPv6Address, length: int) -> None:
    network = IPv6Network((base, length), strict=False)
    mapped = range_of("::ffff:0:0/96")
    covered = range_of(f"{base}/{length}")
    assert (key_of(str(address)) in covered) == (address in network)
    assert covered.low <= covered.high
    assert mapped == range_of("0.0.0.0/0")


@given(ends=st.tuples(V4, V4), address=V4)
def test_a_range_covers_what_lies_between(ends: tuple[IPv4Address, IPv4Address], address: IPv4Address) -> None:
    low, high = sorted(ends)
    covered = range_of(f"{low} - {high}")
    assert (key_of(str(address)) in covered) == (low <= address <= high)


def test_ranges_are_not_compared_as_text() -> None:
    """As text, 10.0.0.9 lies behind 10.0.0.10."""
    assert key_of("10.0.0.9") in range_of("10.0.0.2-10.0.0.10")
    assert key_of("10.0.0.100") not in range_of("10.0.0.1-10.0.0.20")


def test_a_mapped_address_is_the_ipv4_address() -> None:
    assert text_of(key_of("::ffff:192.0.2.1")) == "192.0.2.1"
    assert key_of("::ffff:192.0.2.1") in range_of("192.0.2.0/24")


@pytest.mark.parametrize(
    "text",
    ["", "x", "10.0.0.0/33", "10.0.0.9-10.0.0.1", "10.0.0.1-", "-", "::1-10.0.0.1", "10.0.0.1-::1", "2001:db8::/129"],
)
def test_what_is_no_range_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        range_of(text)


def test_scopes_mean_nothing_here() -> None:
    assert text_of(key_of("fe80::1%eth0")) == str(ip_address("fe80::1"))
