"""Which ports of which address are taken, and by whom."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from sensor_manager.model import IpAddress, TransportProtocol
from sensor_wire.v1.desired import DesiredService


@dataclass(frozen=True, slots=True)
class Claim:
    """Ports `first` to `last` of an address; None stands for all that have no services of their own."""

    protocol: TransportProtocol
    first: int
    last: int
    at: IpAddress | None = None

    def overlaps(self, other: "Claim") -> bool:
        """Tell whether both claim a port."""
        same = (self.protocol, self.at) == (other.protocol, other.at)
        return same and self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        ports = f"port {self.first}" if self.first == self.last else f"ports {self.first}-{self.last}"
        return f"{self.protocol} {ports}{f' of {self.at}' if self.at is not None else ''}"


def claims_of(service: DesiredService) -> tuple[Claim, ...]:
    """Return all ports that a service wants."""
    ports = ((container_port(inner)[0], outer) for inner, outer in service.ports.items())
    single = tuple(Claim(protocol, port, port, service.address) for protocol, port in ports)
    return single + tuple(Claim(each.protocol, each.first, each.last, service.address) for each in service.port_ranges)


def clashes(wanted: Iterable[Claim], taken: Iterable[Claim]) -> Iterator[Claim]:
    """Yield what of the taken claims is wanted as well."""
    wanted = tuple(wanted)
    return (each for each in taken if any(claim.overlaps(each) for claim in wanted))


def contradicts_itself(claims: tuple[Claim, ...]) -> bool:
    """Tell whether a port is claimed twice."""
    return any(claim.overlaps(other) for number, claim in enumerate(claims) for other in claims[:number])


def container_port(name: str) -> tuple[TransportProtocol, int]:
    """Split a container port such as `2222/tcp`."""
    number, protocol = name.split("/")
    return cast("TransportProtocol", protocol), int(number)
