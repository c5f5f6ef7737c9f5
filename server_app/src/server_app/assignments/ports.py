"""Which services cannot run on the same sensor. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from sensor_wire.base import PortRange
from server_app.services.claims import Claim, claims
from server_app.services.models import ServiceRevision

_RANGES = TypeAdapter(list[PortRange])


@dataclass(frozen=True)
class Clash:
    """Two services that want the same."""

    one: str
    other: str
    what: str

    def __str__(self) -> str:
        return f"{self.one} and {self.other} both want {self.what}"


@dataclass(frozen=True)
class Placed:
    """An image, and the address of the sensor under which it is; None: those without services of their own."""

    image: ServiceRevision
    address: str | None

    def meets(self, other: "Placed") -> bool:
        """Whether both can want the same: images for different architectures never meet, a sensor has one."""
        return (self.image.architecture, self.address) == (other.image.architecture, other.address) and (
            self.image.service.name != other.image.service.name
        )

    def claims(self) -> list[Claim]:
        """Its ports."""
        image = self.image
        return claims(image.ports, _RANGES.validate_python(image.port_ranges), raw=image.raw)


def conflict(placed: Iterable[Placed]) -> Clash | None:
    """The first contradiction among the images of one sensor; None when they fit together."""
    seen: list[Placed] = []
    for new in placed:
        for old in seen:
            if old.meets(new) and (what := next(_both_want(old, new), None)) is not None:
                return Clash(old.image.service.name, new.image.service.name, what)
        seen.append(new)
    return None


def _both_want(one: Placed, other: Placed) -> Iterator[str]:
    at = f" of {other.address}" if other.address is not None else ""
    taken = one.claims()
    yield from (f"{claim}{at}" for claim in other.claims() if any(claim.overlaps(each) for each in taken))
    if one.image.catch_all and other.image.catch_all:
        yield f"all remaining traffic (catch-all){at}"
