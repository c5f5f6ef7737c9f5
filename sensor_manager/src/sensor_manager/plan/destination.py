"""What the attacker addressed, from what the honeypot saw behind netfilter's translation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from sensor_manager.model import IpAddress, Pot
from sensor_manager.plan.services import Wanted
from sensor_manager.plan.stand_ins import stand_ins
from sensor_manager.plan.translation import IPV4
from sensor_wire.v1.event import Endpoint, EventBody, Protocol

TRANSPORT = frozenset({Protocol.TCP, Protocol.UDP})
SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a honeypot is reached from outside.

    Attributes:
        sensor_addresses: the sensor's, of IPv4 and IPv6, the main ones first; none while it has none.
        pot: the honeypot's own addresses, which nobody outside ever sees.
        ports: container port with protocol (`2222/tcp`) to the sensor's port.
        stand_ins: which of the sensor's addresses a catch-all honeypot sees as which.
        shared_ports: container ports to which several of the sensor's lead.
    """

    sensor_addresses: tuple[IpAddress, ...] = ()
    pot: Pot | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    stand_ins: Mapping[IpAddress, IpAddress] = field(default_factory=dict)
    shared_ports: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Flow:
    """A connection to a honeypot by the way its answers take, from which the kernel knows it."""

    protocol: str
    honeypot: IpAddress
    port: int
    attacker: IpAddress
    attacker_port: int


def exposure(wanted: Wanted, sensor_addresses: Sequence[IpAddress]) -> Exposure:
    """Return how a service is reached: at its own address if it has one, else at the sensor's."""
    at, pot, ports = wanted.service.address, wanted.place.pot, wanted.service.ports
    ranges = wanted.service.port_ranges
    shared = frozenset(f"{each.container_port}/{each.protocol}" for each in ranges if each.container_port is not None)
    if at is not None:
        return Exposure((at,), pot, ports, shared_ports=shared)
    seen = {seen: own for own, seen in stand_ins(sensor_addresses, pot)} if wanted.service.catch_all else {}
    return Exposure(tuple(sensor_addresses), pot, ports, seen, shared)


def doubtful(body: EventBody, exposure: Exposure) -> Flow | None:
    """Return the connection whose destination only the kernel knows; None where what the honeypot saw says enough."""
    source, seen = _plain(body.source), _plain(body.destination)
    if source.port is None or seen.port is None or body.protocol not in TRANSPORT:
        return None
    own = _own(exposure, source.ip.version)
    if own is None or not (seen.ip == own or seen.ip.is_unspecified):
        return None
    port = f"{seen.port}/{body.protocol.value}"
    reached = [each for each in exposure.sensor_addresses if each.version == source.ip.version]
    by_stand_in = bool(exposure.stand_ins) and port not in exposure.ports
    if port not in exposure.shared_ports and (by_stand_in or len(reached) < SEVERAL):
        return None
    return Flow(body.protocol.value, own, seen.port, source.ip, source.port)


def as_outside(body: EventBody, exposure: Exposure, addressed: Endpoint | None = None) -> EventBody:
    """Return the event with the ends as the attacker knows them.

    A honeypot that takes both versions at one socket names addresses of IPv4 in those of IPv6. Destinations other than
    the container's own addresses or the unspecified one are kept: they were not translated.

    Args:
        body: as the honeypot told it.
        exposure: how it is reached.
        addressed: what the kernel knows where the destination is doubtful.
    """
    source, seen = _plain(body.source), _plain(body.destination)
    if addressed is None or addressed.ip not in exposure.sensor_addresses:
        addressed = _addressed(seen, source, body, exposure)
    return body.model_copy(update={"source": source, "destination": addressed})


def _own(exposure: Exposure, version: int) -> IpAddress | None:
    """Return the honeypot's own address of a version."""
    if exposure.pot is None:
        return None
    return exposure.pot.address if version == IPV4 else exposure.pot.address6


def _addressed(seen: Endpoint, source: Endpoint, body: EventBody, exposure: Exposure) -> Endpoint:
    if (addressed := exposure.stand_ins.get(seen.ip)) is not None:
        return Endpoint(ip=addressed, port=seen.port)
    own = () if exposure.pot is None else (exposure.pot.address, exposure.pot.address6)
    if seen.ip not in own and not seen.ip.is_unspecified:
        return seen
    port = seen.port
    if port is not None:
        port = exposure.ports.get(f"{port}/{body.protocol.value}", port)
    version = source.ip.version
    ip = next((each for each in exposure.sensor_addresses if each.version == version), seen.ip)
    return Endpoint(ip=ip, port=port)


def _plain(end: Endpoint) -> Endpoint:
    mapped = end.ip.ipv4_mapped if isinstance(end.ip, IPv6Address) else None
    return end if mapped is None else Endpoint(ip=mapped, port=end.port)
