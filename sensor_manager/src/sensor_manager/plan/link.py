"""An interface with its addresses and names: how it is seen, and the steps that change it."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from sensor_wire.v1.network import Dot1x

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
        additional: those of them that were added as further ones.
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
    additional: frozenset[Interface] = frozenset()


@dataclass(frozen=True, slots=True)
class SetMac:
    """Give the interface another hardware address; it is down for a moment and loses its routes."""

    mac: str


@dataclass(frozen=True, slots=True)
class SetUp:
    """Let the interface take part."""


@dataclass(frozen=True, slots=True)
class AddAddress:
    """Give it an address; a further one is not what the sensor itself speaks from, where that can be said."""

    address: Interface
    additional: bool = False


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
