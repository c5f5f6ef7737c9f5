"""Which steps bring an interface, its addresses and names to where they shall be. Pure."""

from ipaddress import ip_interface

from sensor_manager.plan.dot1x import fingerprint
from sensor_manager.plan.link import (
    AddAddress,
    Address,
    Interface,
    Lease,
    NetworkAction,
    ObservedLink,
    RemoveAddress,
    RemoveGateway,
    SetGateway,
    SetMac,
    SetUp,
    StartDhcp,
    StartSupplicant,
    StopDhcp,
    StopSupplicant,
    WriteDnsServers,
    WriteHostsEntry,
)
from sensor_wire.v1.network import Network, NetworkMode, ServerEndpoint

IPV4 = 4


def plan_network(
    observed: ObservedLink, wanted: Network | None, server: ServerEndpoint | None
) -> tuple[NetworkAction, ...]:
    """Return the next steps; none when all is as it shall be.

    A new hardware address comes first and alone: what depends on it is planned after another look. In DHCP mode the
    addresses stay until the first lease has come, so that a silent DHCP server cuts nobody off.

    Args:
        observed: the interface and files.
        wanted: None is the same as unconfigured: the interface is not touched.
        server: where the server is; its `address` makes the entry in the hosts file.
    """
    network = wanted or Network()
    if network.mode is not NetworkMode.UNCONFIGURED:
        mac = network.mac_address or observed.own_mac
        if mac != observed.mac:
            return (*((StopDhcp(),) if observed.dhcp_client else ()), SetMac(mac))
    return (*_access(observed, network), *_link(observed, network), *_names(observed, network, server))


def snapshot(observed: ObservedLink) -> Network | None:
    """What the interface has now, as settings that bring it back; None when it has no address of IPv4."""
    addresses = sorted((each for each in observed.addresses - observed.additional if each.version == IPV4), key=str)
    if not addresses:
        return None
    gateways = sorted((each for each in observed.gateways if each.version == IPV4), key=str)
    return Network(
        mode=NetworkMode.STATIC,
        address=addresses[0].ip,
        prefix=addresses[0].network.prefixlen,
        gateway=gateways[0] if gateways else None,
        dns_servers=list(observed.dns_servers),
        mac_address=observed.mac,
    )


def _access(observed: ObservedLink, network: Network) -> tuple[NetworkAction, ...]:
    dot1x = network.dot1x
    if dot1x is None:
        return (StopSupplicant(),) if observed.supplicant is not None else ()
    if observed.supplicant == fingerprint(dot1x):
        return ()
    return (*(() if observed.up else (SetUp(),)), StartSupplicant(dot1x))


def _link(observed: ObservedLink, network: Network) -> tuple[NetworkAction, ...]:
    steps: list[NetworkAction] = []
    dhcp = network.mode is NetworkMode.DHCP
    steps += [RemoveAddress(each) for each in sorted(observed.additional - {*network.additional}, key=str)]
    if observed.dhcp_client and not dhcp:
        steps.append(StopDhcp())
    if network.mode is NetworkMode.UNCONFIGURED:
        return tuple(steps)
    if not observed.up:
        steps.append(SetUp())
    if dhcp and not observed.dhcp_client:
        steps.append(StartDhcp())
    main = ip_interface(f"{network.address}/{network.prefix}") if not dhcp else None
    if main is not None:
        steps += _addressing(observed, main, network.gateway)
    elif observed.lease is not None:
        lease = observed.lease
        main = None if lease.lost else lease.address
        steps += _lost(observed, lease) if main is None else _addressing(observed, main, lease.gateway)
    return (*steps, *_further(observed, network, main))


def _further(observed: ObservedLink, network: Network, main: Interface | None) -> list[NetworkAction]:
    """After the main address, so that this one stays the first of its network, from which the sensor speaks."""
    if main is None or main not in observed.addresses:
        return []
    return [AddAddress(each, additional=True) for each in network.additional if each not in observed.addresses]


def _addressing(observed: ObservedLink, address: Interface, gateway: Address | None) -> list[NetworkAction]:
    """The one main address and the one gateway of this family; what the other family has is not touched."""
    steps: list[NetworkAction] = []
    family = address.version
    others = [each for each in observed.addresses - observed.additional if each.version == family and each != address]
    steps += [RemoveAddress(each) for each in sorted(others, key=str)]
    if address not in observed.addresses:
        steps.append(AddAddress(address))
    gateways = {each for each in observed.gateways if each.version == family}
    if gateway is None:
        steps += [RemoveGateway(each) for each in sorted(gateways, key=str)]
    elif gateways != {gateway} or others:  # a route goes with the address it belongs to
        steps.append(SetGateway(gateway))
    return steps


def _lost(observed: ObservedLink, lease: Lease) -> list[NetworkAction]:
    return [RemoveAddress(lease.address)] if lease.address in observed.addresses else []


def _names(observed: ObservedLink, network: Network, server: ServerEndpoint | None) -> tuple[NetworkAction, ...]:
    steps: list[NetworkAction] = []
    servers: tuple[Address, ...] = tuple(network.dns_servers)
    if not servers and network.mode is NetworkMode.DHCP and observed.lease is not None:
        servers = observed.lease.dns_servers
    if servers and servers != observed.dns_servers:
        steps.append(WriteDnsServers(servers))
    entry = (server.address, server.host) if server is not None and server.address is not None else None
    if entry != observed.hosts_entry:
        steps.append(WriteHostsEntry(entry))
    return tuple(steps)
