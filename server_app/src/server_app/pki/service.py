"""The certificates that were issued, and whether one of them still holds."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.errors import Forbidden, NotFound
from server_app.pki.client_cert import fingerprint
from server_app.pki.models import Certificate
from server_app.sensors import service as sensors
from server_app.sensors.models import Sensor


def store_certificate(session: Session, sensor_id: int, certificate: x509.Certificate) -> Certificate:
    """Remember a certificate that was just signed; from now on it is accepted."""
    row = Certificate(
        sensor_id=sensor_id,
        fingerprint=fingerprint(certificate),
        serial=f"{certificate.serial_number:x}",
        pem=certificate.public_bytes(Encoding.PEM).decode(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )
    session.add(row)
    session.flush()
    return row


def require_active(session: Session, certificate: x509.Certificate, sensor_id: int) -> None:
    """Check the state of a certificate whose chain has been verified.

    Raises:
        Forbidden: it is not known, not this sensor's, or revoked.
    """
    row = session.scalar(select(Certificate).where(Certificate.fingerprint == fingerprint(certificate)))
    if row is None or row.sensor_id != sensor_id:
        raise Forbidden("The client certificate is not known to this server. Enrol the sensor again.")
    if row.revoked_at is not None:
        raise Forbidden("The client certificate has been revoked. Enrol the sensor again.")


def list_certificates(session: Session, who: Principal, sensor_id: int | None) -> list[Certificate]:
    """The certificates of the sensors a user sees, newest first; of one sensor only if it is given."""
    query = select(Certificate).join(Sensor, Sensor.id == Certificate.sensor_id).order_by(Certificate.id.desc())
    if who.divisions is not None:
        query = query.where(Sensor.division_id.in_(who.divisions))
    if sensor_id is not None:
        query = query.where(Certificate.sensor_id == sensor_id)
    return list(session.scalars(query))


def revoke(session: Session, who: Principal, certificate_id: int, now: datetime) -> Certificate:
    """Refuse a certificate from the sensor's next request on; revoking twice changes nothing.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: the user only looks.
    """
    row = session.get(Certificate, certificate_id)
    if row is None:
        raise NotFound(f"There is no certificate {certificate_id}.")
    sensors.writable_sensor(session, who, row.sensor_id)
    row.revoked_at = row.revoked_at or now
    return row
