"""Where the sensor is and what netfilter shall let through, as frozen data."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

type TransportProtocol = Literal["tcp", "udp"]
type IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Site:
    """Facts of the sensor that decisions depend on.

    Attributes:
        registry: `host:port` of the server, where images come from.
        former: registries from which images came before the server moved.
        interface: where attackers arrive.
        pool: addresses of the honeypots' networks.
        pool6: the same for IPv6; None where the sensor does not speak it.
        host_network: the network namespace is a machine's own, with listeners and traffic of others.
        management: addresses of the machine that no honeypot may have.
    """

    registry: str
    interface: str
    pool: IPv4Network
    pool6: IPv6Network | None = None
    host_network: bool = False
    management: tuple[IpAddress, ...] = ()
    former: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pot:
    """Where a honeypot is behind netfilter; without `address6` it is not reached by IPv6."""

    address: IPv4Address
    address6: IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """One port of the sensor, or a range of them, that leads to a honeypot.

    Attributes:
        port: the first one, or the only one.
        container_port: where it leads to; None: each port to the same one of the honeypot.
        last: of a range.
        at: the sensor's address under which it is; None: all that have no set of their own.
    """

    protocol: TransportProtocol
    port: int
    pot: Pot
    container_port: int | None
    last: int | None = None
    at: IpAddress | None = None


@dataclass(frozen=True, slots=True)
class CatchAll:
    """The honeypot that gets everything else at an address; `at` None: at all that have no catch-all of their own.

    Attributes:
        stand_ins: the sensor's further addresses, each with the one by which the honeypot sees it.
    """

    pot: Pot
    at: IpAddress | None = None
    stand_ins: tuple[tuple[IpAddress, IpAddress], ...] = ()


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Everything netfilter shall let through.

    Attributes:
        interface: where attackers arrive.
        bridges: the honeypots' bridges, and the one honeypot that may speak on each.
        forwards: the port map.
        catch_alls: who gets everything else, one for each address at most.
        host_network: what is not for honeypots is left to the machine.
        management: addresses that are left to the machine.
    """

    interface: str
    bridges: tuple[tuple[str, Pot], ...] = ()
    forwards: tuple[Forward, ...] = ()
    catch_alls: tuple[CatchAll, ...] = ()
    host_network: bool = False
    management: tuple[IpAddress, ...] = ()

    @property
    def ipv6(self) -> bool:
        """Whether any honeypot is reached by IPv6."""
        return any(pot.address6 is not None for _, pot in self.bridges)

    @property
    def stand_ins(self) -> tuple[tuple[str, Pot, IpAddress], ...]:
        """All stand-ins with the honeypot they lead to, and its bridge."""
        bridges = {pot: bridge for bridge, pot in self.bridges}
        return tuple((bridges[each.pot], each.pot, seen) for each in self.catch_alls for _, seen in each.stand_ins)
