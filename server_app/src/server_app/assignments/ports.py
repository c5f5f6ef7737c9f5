"""Which services cannot run on the same sensor. Pure."""

from collections.abc import Iterable

from server_app.services.models import ServiceRevision


def conflict(revisions: Iterable[ServiceRevision]) -> str | None:
    """The first contradiction among the images of one sensor, naming both services; None when they fit together."""
    owners: dict[str, str] = {}
    for revision in revisions:
        name = revision.service.name
        for what in _claims(revision):
            owner = owners.setdefault(what, name)
            if owner != name:
                return f"{owner} and {name} both want {what}"
    return None


def _claims(revision: ServiceRevision) -> Iterable[str]:
    for container_port, port in revision.ports.items():
        yield f"port {port}/{container_port.partition('/')[2]}"
    if revision.catch_all:
        yield "all remaining traffic (catch-all)"
