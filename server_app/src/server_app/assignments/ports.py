"""Which services cannot run on the same sensor. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server_app.services.models import ServiceRevision


@dataclass(frozen=True)
class Clash:
    """Two services that want the same."""

    one: str
    other: str
    what: str

    def __str__(self) -> str:
        return f"{self.one} and {self.other} both want {self.what}"


def conflict(revisions: Iterable[ServiceRevision]) -> Clash | None:
    """The first contradiction among the images of one sensor; None when they fit together.

    Images for different architectures never meet: a sensor has one.
    """
    owners: dict[tuple[str, str], str] = {}
    for revision in revisions:
        name = revision.service.name
        for what in _claims(revision):
            owner = owners.setdefault((revision.architecture, what), name)
            if owner != name:
                return Clash(owner, name, what)
    return None


def _claims(revision: ServiceRevision) -> Iterator[str]:
    for container_port, port in revision.ports.items():
        number, _, protocol = container_port.partition("/")
        # What uses the sensor's own interface listens where its container does, whatever the port map says.
        yield f"port {number if revision.raw else port}/{protocol}"
    if revision.catch_all:
        yield "all remaining traffic (catch-all)"
