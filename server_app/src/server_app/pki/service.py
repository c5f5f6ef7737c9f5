"""The certificates that were issued, and whether one of them still holds."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.errors import Conflict, NotFound
from server_app.paging import Page, PageRequest, newest_first
from server_app.pki import records
from server_app.pki.models import (
    AuthorityCertificate,
    Certificate,
    CertificateKind,
    Phase,
    RevocationReason,
    SensorCertificate,
)
from server_app.pki.states import CertificateState, is_in
from server_app.sensors import service as sensors
from server_app.sensors.models import Sensor

_sensor_id: ColumnElement[int | None] = Certificate.__table__.c.sensor_id


@dataclass(frozen=True)
class Wanted:
    """Which certificates to list; None: all of them."""

    kind: CertificateKind | None = None
    sensor: int | None = None
    state: CertificateState | None = None


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


def list_certificates(
    session: Session, who: Principal, wanted: Wanted, page: PageRequest, now: datetime
) -> Page[Certificate]:
    """Authorities, the server's, and those of the sensors a user sees; the newest first."""
    query = _visible(who)
    if wanted.kind is not None:
        query = query.where(Certificate.kind == wanted.kind)
    if wanted.sensor is not None:
        query = query.where(_sensor_id == wanted.sensor)
    if wanted.state is not None:
        query = query.where(is_in(wanted.state, now))
    order = (Certificate.not_before, Certificate.id)
    return newest_first(session, query, order, lambda row: (row.not_before, row.id), page)


def get_certificate(session: Session, who: Principal, certificate_id: int) -> Certificate:
    """One certificate.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    row = session.scalar(_visible(who).where(Certificate.id == certificate_id))
    if row is None:
        raise NotFound(f"There is no certificate {certificate_id}.")
    return row


def revoke(
    session: Session, who: Principal, certificate_id: int, reason: RevocationReason, now: datetime
) -> SensorCertificate:
    """Refuse a sensor's certificate from its next request on; revoking twice changes nothing.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
        Conflict: it is no sensor's.
    """
    row = get_certificate(session, who, certificate_id)
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


def _visible(who: Principal) -> Select[Certificate]:
    query = select(Certificate)
    if who.divisions is None:
        return query
    own = select(Sensor.id).where(Sensor.division_id.in_(who.divisions))
    return query.where(or_(_sensor_id.is_(None), _sensor_id.in_(own)))


def _revoke(row: SensorCertificate, reason: RevocationReason, now: datetime) -> None:
    if row.revoked_at is None:
        row.revoked_at, row.revocation_reason = now, reason
