"""What the attacker addressed, from what the honeypot saw behind netfilter's translation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from sensor_manager.model import IpAddress, Pot
from sensor_manager.plan.services import Wanted
from sensor_manager.plan.stand_ins import stand_ins
from sensor_wire.v1.event import Endpoint, EventBody


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a honeypot is reached from outside.

    Attributes:
        sensor_addresses: the sensor's, of IPv4 and IPv6, the main ones first; none while it has none.
        pot: the honeypot's own addresses, which nobody outside ever sees.
        ports: container port with protocol (`2222/tcp`) to the sensor's port.
        stand_ins: which of the sensor's addresses a catch-all honeypot sees as which.
    """

    sensor_addresses: tuple[IpAddress, ...] = ()
    pot: Pot | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    stand_ins: Mapping[IpAddress, IpAddress] = field(default_factory=dict)


def exposure(wanted: Wanted, sensor_addresses: Sequence[IpAddress]) -> Exposure:
    """Return how a service is reached: at its own address if it has one, else at the sensor's."""
    at, pot, ports = wanted.service.address, wanted.place.pot, wanted.service.ports
    if at is not None:
        return Exposure((at,), pot, ports)
    seen = {seen: own for own, seen in stand_ins(sensor_addresses, pot)} if wanted.service.catch_all else {}
    return Exposure(tuple(sensor_addresses), pot, ports, seen)


def as_outside(body: EventBody, exposure: Exposure) -> EventBody:
    """Return the event with the ends as the attacker knows them.

    A honeypot that takes both versions at one socket names addresses of IPv4 in those of IPv6. Destinations other than
    the container's own addresses or the unspecified one are kept: they were not translated.
    """
    source, seen = _plain(body.source), _plain(body.destination)
    return body.model_copy(update={"source": source, "destination": _addressed(seen, source, body, exposure)})


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
