"""The next certificate of a sensor: for each at most one that has not been used yet."""

from datetime import datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server_app.db import Database
from server_app.enrolment.proof import Proof
from server_app.errors import Forbidden
from server_app.pki import records
from server_app.pki.models import SensorCertificate
from server_app.pki.preferences import CertificateSection
from server_app.preferences import service as preferences

LOG = structlog.get_logger(__name__)


def ready(database: Database, proof: Proof, now: datetime) -> SensorCertificate | None:
    """The certificate that has been issued for this proof already: its answer was lost, and asking again helps.

    Raises:
        Forbidden: no certificate may follow this one.
    """
    with database.reading() as session:
        return successor(session, renewable(session, proof.fingerprint, now), proof, now)


def renewable(session: Session, fingerprint: str, now: datetime, *, lock: bool = False) -> SensorCertificate:
    """The certificate that is to be followed by another.

    Whether its authority is still trusted does not matter: that it was issued here is known from its row.

    Raises:
        Forbidden: it is unknown, revoked, followed by one in use, or expired for too long.
    """
    query = select(SensorCertificate).where(SensorCertificate.fingerprint == fingerprint)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise Forbidden("The certificate is not known to this server. Enrol the sensor again.")
    if row.revoked_at is not None:
        raise Forbidden("The certificate has been revoked. Enrol the sensor again.")
    if row.superseded_at is not None:
        raise Forbidden("The certificate has been followed by a newer one in use. Enrol the sensor again.")
    if now - row.not_after > preferences.load(session, CertificateSection).grace:
        raise Forbidden("The certificate expired too long ago. Enrol the sensor again.")
    return row


def successor(session: Session, row: SensorCertificate, proof: Proof, now: datetime) -> SensorCertificate | None:
    """The certificate for this very key that follows another one and still holds, if there is one."""
    return session.scalar(
        select(SensorCertificate)
        .where(SensorCertificate.predecessor_id == row.id, SensorCertificate.key_id == records.key_id(proof.key))
        .where(SensorCertificate.revoked_at.is_(None), SensorCertificate.superseded_at.is_(None))
        .where(SensorCertificate.not_after > now)
        .order_by(SensorCertificate.id.desc())
        .limit(1)
    )


def drop_unused(session: Session, row: SensorCertificate, now: datetime) -> None:
    """Refuse earlier successors that nobody has used: their keys were lost."""
    session.execute(
        update(SensorCertificate)
        .where(SensorCertificate.predecessor_id == row.id, SensorCertificate.used_at.is_(None))
        .where(SensorCertificate.superseded_at.is_(None))
        .values(superseded_at=now)
    )


def note(row: SensorCertificate, old: SensorCertificate, now: datetime) -> None:
    """Say in the log that a sensor has got its next certificate, and whether the last one was still good."""
    returned = old.not_after <= now
    LOG.info(
        "sensor_returned" if returned else "certificate_renewed",
        sensor=row.sensor_id,
        certificate=row.id,
        predecessor=old.id,
    )
