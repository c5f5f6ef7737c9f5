"""Which steps bring an interface, its addresses and names to where they shall be. Pure."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_interface

from sensor_manager.plan.dot1x import fingerprint
from sensor_wire.v1.network import Dot1x, Network, NetworkMode, ServerEndpoint

IPV4 = 4
type Address = IPv4Address | IPv6Address
type Interface = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True)
class Lease:
    """What a DHCP server has given.

    Attributes:
        lost: it has ended, and no other came.
    """

    address: IPv4Interface
    gateway: IPv4Address | None = None
    dns_servers: tuple[IPv4Address, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class ObservedLink:
    """One look at the interface and the files of names.

    Attributes:
        mac: the address it has now.
        own_mac: the one it had when it was found.
        addresses: with their prefixes; none of link-local scope.
        gateways: of the default routes that leave through it.
        dhcp_client: one is running.
        lease: what it has got; None before the first.
        dns_servers: where names are asked for.
        hosts_entry: address and name of the server in the hosts file, if we put them there.
        supplicant: with which settings of 802.1X the supplicant runs; None when it does not.
    """

    mac: str
    own_mac: str
    up: bool
    addresses: frozenset[Interface] = frozenset()
    gateways: frozenset[Address] = frozenset()
    dhcp_client: bool = False
    lease: Lease | None = None
    dns_servers: tuple[Address, ...] = ()
    hosts_entry: tuple[Address, str] | None = None
    supplicant: str | None = None


@dataclass(frozen=True, slots=True)
class SetMac:
    """Give the interface another hardware address; it is down for a moment and loses its routes."""

    mac: str


@dataclass(frozen=True, slots=True)
class SetUp:
    """Let the interface take part."""


@dataclass(frozen=True, slots=True)
class AddAddress:
    """Give it an address."""

    address: Interface


@dataclass(frozen=True, slots=True)
class RemoveAddress:
    """Take an address away."""

    address: Interface


@dataclass(frozen=True, slots=True)
class SetGateway:
    """Make this the only default route of its family."""

    gateway: Address


@dataclass(frozen=True, slots=True)
class RemoveGateway:
    """Remove a default route."""

    gateway: Address


@dataclass(frozen=True, slots=True)
class StartDhcp:
    """Start the DHCP client; it only asks, its answers are planned with."""


@dataclass(frozen=True, slots=True)
class StopDhcp:
    """End the DHCP client."""


@dataclass(frozen=True, slots=True)
class WriteDnsServers:
    """Say where names are asked for."""

    servers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class WriteHostsEntry:
    """Say what the server's name means, or nothing of it any more."""

    entry: tuple[Address, str] | None


@dataclass(frozen=True, slots=True)
class StartSupplicant:
    """Authenticate at the switch, in the place of a supplicant that runs with other settings."""

    dot1x: Dot1x


@dataclass(frozen=True, slots=True)
class StopSupplicant:
    """Authenticate no longer."""


type NetworkAction = (
    StartSupplicant
    | StopSupplicant
    | SetMac
    | SetUp
    | AddAddress
    | RemoveAddress
    | SetGateway
    | RemoveGateway
    | StartDhcp
    | StopDhcp
    | WriteDnsServers
    | WriteHostsEntry
)


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
    addresses = sorted((each for each in observed.addresses if each.version == IPV4), key=str)
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
    if observed.dhcp_client and not dhcp:
        steps.append(StopDhcp())
    if network.mode is NetworkMode.UNCONFIGURED:
        return tuple(steps)
    if not observed.up:
        steps.append(SetUp())
    if dhcp and not observed.dhcp_client:
        steps.append(StartDhcp())
    if not dhcp:
        steps += _addressing(observed, ip_interface(f"{network.address}/{network.prefix}"), network.gateway)
    elif observed.lease is not None:
        lease = observed.lease
        steps += _lost(observed, lease) if lease.lost else _addressing(observed, lease.address, lease.gateway)
    return tuple(steps)


def _addressing(observed: ObservedLink, address: Interface, gateway: Address | None) -> list[NetworkAction]:
    """The one address and the one gateway of this family; what the other family has is not touched."""
    steps: list[NetworkAction] = []
    family = address.version
    others = [each for each in observed.addresses if each.version == family and each != address]
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
