"""What becomes of certificates: stored, used, revoked."""

from datetime import datetime

from cryptography import x509
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.errors import Conflict, NotFound
from server_app.pki import queries, records
from server_app.pki.models import (
    AuthorityCertificate,
    Phase,
    RevocationReason,
    SensorCertificate,
)
from server_app.sensors import service as sensors


def store_certificate(
    session: Session, sensor_id: int, certificate: x509.Certificate, predecessor: int | None = None
) -> SensorCertificate:
    """Remember a sensor's certificate that was just signed; from now on it is accepted."""
    row = SensorCertificate(
        **records.described(certificate),
        sensor_id=sensor_id,
        issuer_id=records.issuer_of(session, certificate),
        predecessor_id=predecessor,
    )
    session.add(row)
    session.flush()
    return row


def note_first_use(session: Session, certificate_id: int, sensor_id: int, now: datetime) -> None:
    """From its first use on, a certificate replaces the sensor's older ones."""
    session.execute(
        update(SensorCertificate)
        .where(SensorCertificate.id == certificate_id, SensorCertificate.used_at.is_(None))
        .values(used_at=now)
    )
    session.execute(
        update(SensorCertificate)
        .where(SensorCertificate.sensor_id == sensor_id, SensorCertificate.id < certificate_id)
        .where(SensorCertificate.superseded_at.is_(None), SensorCertificate.revoked_at.is_(None))
        .values(superseded_at=now)
    )


def revoke(
    session: Session, who: Principal, certificate_id: int, reason: RevocationReason, now: datetime
) -> SensorCertificate:
    """Refuse a sensor's certificate from its next request on; revoking twice changes nothing.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
        Conflict: it is no sensor's.
    """
    row = queries.get_certificate(session, who, certificate_id)
    if not isinstance(row, SensorCertificate):
        who.require_admin()
        raise Conflict("Only sensors' certificates are revoked. End an authority, or replace the server's certificate.")
    sensors.writable_sensor(session, who, row.sensor_id)
    _revoke(row, reason, now)
    return row


def revoke_all(
    session: Session, who: Principal, sensor_id: int, reason: RevocationReason, now: datetime
) -> list[SensorCertificate]:
    """Refuse all certificates of a sensor.

    Raises:
        NotFound: there is no sensor of this number that the user sees.
        Forbidden: the user only looks.
    """
    sensors.writable_sensor(session, who, sensor_id)
    query = select(SensorCertificate).where(SensorCertificate.sensor_id == sensor_id)
    rows = list(session.scalars(query.order_by(SensorCertificate.id)))
    for row in rows:
        _revoke(row, reason, now)
    return rows


def end_authority(session: Session, who: Principal, certificate_id: int, now: datetime) -> AuthorityCertificate:
    """Trust an authority no more. Its sensors come back by their old keys.

    Raises:
        NotFound: there is no authority of this number.
        Forbidden: only administrators may.
        Conflict: it is the active one.
    """
    who.require_admin()
    row = session.get(AuthorityCertificate, certificate_id)
    if row is None:
        raise NotFound(f"There is no authority {certificate_id}.")
    if row.phase is Phase.ACTIVE:
        raise Conflict("This authority is in use. Change the authority first, and end this one when it retires.")
    if row.phase is not Phase.ENDED:
        records.enter(row, Phase.ENDED, now)
    return row


def use_internal_server_certificate(session: Session, who: Principal, now: datetime) -> None:
    """Take the administrator's own certificate back.

    Raises:
        Forbidden: only administrators may.
    """
    who.require_admin()
    for row in records.server_certificates(session):
        if row.anchor_pem is not None:
            records.enter(row, Phase.ENDED, now)


def _revoke(row: SensorCertificate, reason: RevocationReason, now: datetime) -> None:
    if row.revoked_at is None:
        row.revoked_at, row.revocation_reason = now, reason
