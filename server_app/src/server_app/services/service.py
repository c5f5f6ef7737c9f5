"""The catalogue of services and their revisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from sensor_wire.honeypot.manifest import ServiceManifest
from server_app.errors import Conflict, FieldError, Invalid, NotFound
from server_app.services.models import Service, ServiceRevision

RESERVED = "registry"


def list_services(session: Session) -> Sequence[Service]:
    """All services by name, with their revisions, newest first."""
    return session.scalars(select(Service).order_by(Service.name).options(selectinload(Service.revisions))).all()


def get_service(session: Session, name: str) -> Service:
    """One service with its revisions.

    Raises:
        NotFound: there is none of this name.
    """
    service = session.scalar(select(Service).where(Service.name == name).options(selectinload(Service.revisions)))
    if service is None:
        raise NotFound(f"There is no service {name}.")
    return service


def find_revision(session: Session, manifest: ServiceManifest) -> ServiceRevision | None:
    """The row of an archive that was uploaded before; None when it is new.

    Raises:
        Conflict: it contradicts what is there.
    """
    if manifest.name == RESERVED:
        raise Conflict(f"{RESERVED} is the name of an address of the API. Choose another name for the service.")
    service = session.scalar(select(Service).where(Service.name == manifest.name))
    owner = session.scalar(select(Service).where(Service.repository == manifest.repository))
    if service is not owner:
        raise Conflict(f"The service {manifest.name} and the repository {manifest.repository} do not belong together.")
    if service is None:
        return None
    wanted = (manifest.revision, manifest.architecture)
    found = next((row for row in service.revisions if (row.revision, row.architecture) == wanted), None)
    if found is not None and found.digest != manifest.digest:
        raise Conflict(
            f"Revision {manifest.revision} of {manifest.name} is there with another image. Raise the revision."
        )
    return found


def add_revision(session: Session, manifest: ServiceManifest, now: datetime) -> ServiceRevision:
    """Add what an archive brought, whose image is in the registry; a new service if need be.

    Raises:
        Conflict: it contradicts what is there.
    """
    known = find_revision(session, manifest)
    if known is not None:
        known.image_missing = False
        return known
    service = session.scalar(select(Service).where(Service.name == manifest.name))
    if service is None:
        service = Service(
            name=manifest.name,
            repository=manifest.repository,
            description=manifest.description,
            default_revision=manifest.revision,
            created_at=now,
        )
        session.add(service)
    revision = ServiceRevision(
        service=service,
        revision=manifest.revision,
        architecture=manifest.architecture.value,
        description=manifest.revision_description,
        digest=manifest.digest,
        raw=manifest.raw_network_access,
        catch_all=manifest.catch_all,
        ports=dict(manifest.port_assignment),
        port_ranges=[each.model_dump() for each in manifest.port_ranges],
        limits=manifest.limits.model_dump(),
        options=dict(manifest.options),
        created_at=now,
    )
    session.add(revision)
    session.flush()
    return revision


def set_default(session: Session, name: str, revision: str) -> Service:
    """Choose the revision that sensors run which have not pinned one.

    Raises:
        NotFound: there is no such service.
        Invalid: it has no such revision.
    """
    service = get_service(session, name)
    if revision not in {known.revision for known in service.revisions}:
        reason = FieldError("/default_revision", "no such revision")
        raise Invalid(f"The service {name} has no revision {revision}.", (reason,))
    service.default_revision = revision
    return service


@dataclass(frozen=True)
class Images:
    """Images of a repository that may be of no use any more."""

    repository: str
    digests: tuple[str, ...]


def remove_service(session: Session, name: str) -> Images:
    """Remove a service with its revisions; it must not be assigned.

    Raises:
        NotFound: there is none of this name.
    """
    service = get_service(session, name)
    images = Images(service.repository, tuple(sorted({row.digest for row in service.revisions})))
    session.delete(service)
    return images


def remove_revision(session: Session, service: Service, revision: str) -> Images:
    """Remove a revision for all architectures.

    Raises:
        NotFound: the service has no such revision.
        Conflict: it is the default.
    """
    rows = [row for row in service.revisions if row.revision == revision]
    if not rows:
        raise NotFound(f"The service {service.name} has no revision {revision}.")
    if service.default_revision == revision:
        raise Conflict(f"Revision {revision} is the default of {service.name}. Choose another default first.")
    for row in rows:
        service.revisions.remove(row)
    session.flush()
    return Images(service.repository, tuple(sorted({row.digest for row in rows})))


def missing_images(session: Session) -> list[str]:
    """What the registry lacks, as `service revision architecture`."""
    query = select(ServiceRevision).where(ServiceRevision.image_missing).order_by(ServiceRevision.id)
    rows = session.scalars(query.options(joinedload(ServiceRevision.service)))
    return [f"{row.service.name} {row.revision} {row.architecture}" for row in rows]


def all_revisions(session: Session) -> Sequence[ServiceRevision]:
    """All revisions with their services."""
    return session.scalars(select(ServiceRevision).options(joinedload(ServiceRevision.service))).all()


def note_image(session: Session, revision_id: int, *, missing: bool) -> None:
    """Keep whether the registry lacks the image of a revision; one that was removed meanwhile does not matter."""
    revision = session.get(ServiceRevision, revision_id)
    if revision is not None:
        revision.image_missing = missing


def is_used(session: Session, repository: str, digest: str) -> bool:
    """Whether any revision has this image."""
    query = select(ServiceRevision.id).join(Service).where(Service.repository == repository)
    return session.scalar(query.where(ServiceRevision.digest == digest).limit(1)) is not None
