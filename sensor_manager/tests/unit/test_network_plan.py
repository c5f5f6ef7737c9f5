"""Which steps the network plan takes, from whatever it finds."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, ip_address, ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_manager.plan.link import Lease, ObservedLink, SetMac, StartDhcp, StopDhcp, WriteHostsEntry
from sensor_manager.plan.network import plan_network, snapshot
from sensor_manager.platforms.memory_link import after
from sensor_wire.v1.network import Network, NetworkMode, ServerEndpoint

OWN, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
FOUND = ObservedLink(mac=OWN, own_mac=OWN, up=True)
STATIC = Network(
    mode=NetworkMode.STATIC, address="192.0.2.5", prefix=24, gateway="192.0.2.1", dns_servers=["192.0.2.53"]
)
DHCP = Network(mode=NetworkMode.DHCP)
LEASE = Lease(IPv4Interface("192.0.2.77/24"), IPv4Address("192.0.2.1"), (IPv4Address("192.0.2.53"),))
SERVER = ServerEndpoint(host="sensors.example", address="192.0.2.9")
ENTRY = ip_address("192.0.2.9"), "sensors.example"


def settle(observed: ObservedLink, wanted: Network | None, server: ServerEndpoint | None = None) -> ObservedLink:
    for _ in range(4):
        actions = plan_network(observed, wanted, server)
        if not actions:
            return observed
        for action in actions:
            observed = after(observed, action)
    raise AssertionError(f"no end: {plan_network(observed, wanted, server)}")


addresses = st.sampled_from(
    [ip_interface(each) for each in ("192.0.2.5/24", "192.0.2.8/24", "198.51.100.3/28", "2001:db8::5/64")]
)
gateways = st.sampled_from([ip_address(each) for each in ("192.0.2.1", "198.51.100.1", "2001:db8::1")])
further = st.sampled_from([ip_interface(each) for each in ("192.0.2.8/24", "203.0.113.7/24", "2001:db8::77/64")])
observations = st.builds(
    ObservedLink,
    mac=st.sampled_from([OWN, OTHER]),
    own_mac=st.just(OWN),
    up=st.booleans(),
    addresses=st.frozensets(addresses),
    gateways=st.frozensets(gateways),
    dhcp_client=st.booleans(),
    lease=st.sampled_from([None, LEASE, replace(LEASE, lost=True)]),
    dns_servers=st.sampled_from([(), LEASE.dns_servers]),
    hosts_entry=st.sampled_from([None, ENTRY]),
    additional=st.frozensets(further),
).map(lambda each: replace(each, addresses=each.addresses | each.additional))
networks = st.builds(
    Network,
    mode=st.sampled_from(NetworkMode),
    address=st.just(STATIC.address),
    prefix=st.just(24),
    gateway=st.sampled_from([None, STATIC.gateway]),
    dns_servers=st.sampled_from([[], STATIC.dns_servers]),
    mac_address=st.sampled_from([None, OTHER]),
    additional=st.lists(further, unique=True),
)


@given(observations, networks, st.sampled_from([None, SERVER]))
def test_from_anywhere_it_arrives_and_then_plans_nothing(
    observed: ObservedLink, wanted: Network, server: ServerEndpoint | None
) -> None:
    end = settle(observed, wanted, server)
    assert end.hosts_entry == (ENTRY if server else None)
    assert end.dhcp_client is (wanted.mode is NetworkMode.DHCP)
    main, others = end.addresses - {*wanted.additional}, observed.addresses - observed.additional
    assert {each for each in main if each.version == 6} == {
        each for each in others - {*wanted.additional} if each.version == 6
    }
    if wanted.mode is NetworkMode.STATIC:
        assert {str(each) for each in main if each.version == 4} == {"192.0.2.5/24"}
        assert end.addresses >= {*wanted.additional}
        assert {each for each in end.gateways if each.version == 4} == ({wanted.gateway} if wanted.gateway else set())
        assert end.mac == (wanted.mac_address or OWN)
    if wanted.mode is NetworkMode.UNCONFIGURED:
        assert (end.mac, end.up, end.addresses, end.gateways) == (
            observed.mac,
            observed.up,
            observed.addresses - (observed.additional - {*wanted.additional}),
            end.gateways,
        )


def test_a_silent_dhcp_server_takes_no_address_away() -> None:
    reached = replace(
        FOUND, addresses=frozenset({ip_interface("192.0.2.5/24")}), gateways=frozenset({ip_address("192.0.2.1")})
    )
    assert plan_network(reached, DHCP, None) == (StartDhcp(),)
    assert plan_network(replace(reached, dhcp_client=True), DHCP, None) == ()


def test_a_lease_takes_the_place_of_what_was_there_and_a_lost_one_is_not_used() -> None:
    there = replace(FOUND, dhcp_client=True, addresses=frozenset({ip_interface("192.0.2.5/24")}), lease=LEASE)
    end = settle(there, DHCP)
    assert (set(map(str, end.addresses)), set(map(str, end.gateways))) == ({"192.0.2.77/24"}, {"192.0.2.1"})
    assert end.dns_servers == LEASE.dns_servers
    assert settle(replace(end, lease=replace(LEASE, lost=True)), DHCP).addresses == frozenset()


def test_own_dns_servers_count_more_than_those_of_the_lease() -> None:
    wanted = Network(mode=NetworkMode.DHCP, dns_servers=["198.51.100.53"])
    assert settle(replace(FOUND, lease=LEASE), wanted).dns_servers == (ip_address("198.51.100.53"),)


def test_a_new_hardware_address_comes_first_and_alone() -> None:
    wanted = STATIC.model_copy(update={"mac_address": OTHER})
    assert plan_network(replace(FOUND, dhcp_client=True), wanted, SERVER) == (StopDhcp(), SetMac(OTHER))


def test_further_addresses_follow_the_main_one_and_go_when_they_are_not_wanted() -> None:
    two = [ip_interface("192.0.2.6/24"), ip_interface("2001:db8::6/64")]
    wanted = STATIC.model_copy(update={"additional": two})
    there = settle(replace(FOUND, addresses=frozenset({ip_interface("2001:db8::5/64")})), wanted)
    assert there.addresses == {ip_interface("192.0.2.5/24"), ip_interface("2001:db8::5/64"), *two}
    assert there.additional == {*two}
    assert settle(there, STATIC).addresses == {ip_interface("192.0.2.5/24"), ip_interface("2001:db8::5/64")}
    assert plan_network(replace(FOUND, dhcp_client=True), DHCP.model_copy(update={"additional": two}), None) == ()


@given(observations)
def test_a_snapshot_brings_back_what_was_there(observed: ObservedLink) -> None:
    one = [each for each in observed.addresses if each.version == 4][:1]
    via = [each for each in observed.gateways if each.version == 4][:1]
    observed = replace(
        observed, additional=frozenset(), addresses=frozenset(one), gateways=frozenset(via), up=True, dhcp_client=False
    )
    found = snapshot(observed)
    if not one:
        assert found is None
        return
    elsewhere = settle(observed, Network(mode=NetworkMode.STATIC, address="203.0.113.9", prefix=28, mac_address=OTHER))
    back = settle(elsewhere, found)
    assert (back.mac, back.addresses, back.gateways) == (observed.mac, observed.addresses, observed.gateways)


@pytest.mark.parametrize("server", [None, ServerEndpoint(host="sensors.example")])
def test_a_server_without_an_address_has_no_entry(server: ServerEndpoint | None) -> None:
    assert plan_network(replace(FOUND, hosts_entry=ENTRY), None, server) == (WriteHostsEntry(None),)
