"""Which ports of a sensor a service wants. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sensor_wire.base import PortRange


@dataclass(frozen=True)
class Claim:
    """Ports `first` to `last`, both included."""

    protocol: str
    first: int
    last: int

    def overlaps(self, other: "Claim") -> bool:
        """Whether both want a port."""
        return self.protocol == other.protocol and self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        ports = f"port {self.first}" if self.first == self.last else f"ports {self.first}-{self.last}"
        return f"{ports}/{self.protocol}"


def claims(ports: Mapping[str, int], ranges: Iterable[PortRange], *, raw: bool = False) -> list[Claim]:
    """All that a service wants.

    Args:
        ports: container port with protocol to the sensor's port.
        ranges: beside them.
        raw: the service uses the sensor's own interface: it listens where its container does, whatever the map says.
    """
    single = []
    for container_port, port in ports.items():
        number, _, protocol = container_port.partition("/")
        wanted = int(number) if raw else port
        single.append(Claim(protocol, wanted, wanted))
    return single + [Claim(each.protocol, each.first, each.last) for each in ranges]
