"""Enrolment tokens: each becomes at most one certificate, and none is lost because signing failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex, token_urlsafe

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from server_app.db import Database
from server_app.enrolment.models import EnrolmentToken
from server_app.errors import Forbidden, Unavailable
from server_app.pki import service as pki
from server_app.pki.models import SensorCertificate

LIFETIME = timedelta(hours=72)
CLAIM_LIFETIME = timedelta(seconds=60)
"""How long a claim keeps others out; longer than a request waits for the worker."""


@dataclass(frozen=True)
class FreshToken:
    """A token as the configuration archive holds it; the database has only its hash."""

    token: str
    expires_at: datetime


def make_token(session: Session, sensor_id: int, now: datetime) -> FreshToken:
    """A new token for a sensor; those it had and did not use are worth nothing from now on."""
    session.execute(
        delete(EnrolmentToken).where(EnrolmentToken.sensor_id == sensor_id, EnrolmentToken.used_at.is_(None))
    )
    fresh = FreshToken(token_urlsafe(32), now + LIFETIME)
    session.add(
        EnrolmentToken(sensor_id=sensor_id, token_hash=_hash(fresh.token), created_at=now, expires_at=fresh.expires_at)
    )
    return fresh


def claim(database: Database, token: str, now: datetime) -> str:
    """Keep a token for one request.

    Returns:
        The claim, by which the worker finds the token.

    Raises:
        Forbidden: the token is unknown, used or expired.
        Unavailable: another request has claimed it and is not done.
    """
    name = token_hex(16)
    with database.writing() as session:
        usable = and_(
            EnrolmentToken.token_hash == _hash(token),
            EnrolmentToken.used_at.is_(None),
            EnrolmentToken.expires_at > now,
        )
        statement = update(EnrolmentToken).where(usable, _unclaimed(now)).values(claim=name, claimed_at=now)
        if session.execute(statement.returning(EnrolmentToken.id)).first() is not None:
            return name
        if session.scalar(select(EnrolmentToken.id).where(usable)) is not None:
            raise Unavailable("Another request is using this token right now. Try again.", retry_after=5)
    raise Forbidden("The token is unknown, used or expired. Download a new configuration archive.")


def release(database: Database, name: str) -> bool:
    """Give a claimed token back because there is no certificate.

    Returns:
        Whether it is free again; false means that the worker has used it after all.
    """
    statement = update(EnrolmentToken).where(EnrolmentToken.claim == name, EnrolmentToken.used_at.is_(None))
    with database.writing() as session:
        freed = session.execute(statement.values(claim=None, claimed_at=None).returning(EnrolmentToken.id))
        return freed.first() is not None


def sensor_of_claim(database: Database, name: str) -> int:
    """The sensor that a claimed token is for.

    Raises:
        Forbidden: the claim has been given back or has run out.
    """
    with database.reading() as session:
        return _claimed(session, name).sensor_id


def complete(database: Database, name: str, certificate: x509.Certificate, now: datetime) -> None:
    """Use the token up and store the certificate, both or none. Only then is the certificate worth anything.

    Raises:
        Forbidden: the claim has been given back or has run out.
    """
    with database.writing() as session:
        token = _claimed(session, name, lock=True)
        token.used_at = now
        token.certificate_id = pki.store_certificate(session, token.sensor_id, certificate).id


def issued(database: Database, name: str) -> SensorCertificate | None:
    """The certificate that a claim became, if it did."""
    query = (
        select(SensorCertificate)
        .join(EnrolmentToken, EnrolmentToken.certificate_id == SensorCertificate.id)
        .where(EnrolmentToken.claim == name)
    )
    with database.reading() as session:
        return session.scalar(query)


def issued_for(
    database: Database, token: str, key: ec.EllipticCurvePublicKey, at: datetime
) -> SensorCertificate | None:
    """The certificate that this token already became for this very key: its answer was lost, and asking again helps.

    None once the token's time is over or the certificate is revoked.
    """
    query = (
        select(SensorCertificate)
        .join(EnrolmentToken, EnrolmentToken.certificate_id == SensorCertificate.id)
        .where(EnrolmentToken.token_hash == _hash(token), EnrolmentToken.expires_at > at)
        .where(SensorCertificate.revoked_at.is_(None))
    )
    with database.reading() as session:
        certificate = session.scalar(query)
    if certificate is None or x509.load_pem_x509_certificate(certificate.pem.encode()).public_key() != key:
        return None
    return certificate


def _claimed(session: Session, name: str, *, lock: bool = False) -> EnrolmentToken:
    query = select(EnrolmentToken).where(EnrolmentToken.claim == name, EnrolmentToken.used_at.is_(None))
    token = session.scalar(query.with_for_update() if lock else query)
    if token is None:
        raise Forbidden("The request for this certificate is no longer waiting.")
    return token


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(EnrolmentToken.claimed_at.is_(None), EnrolmentToken.claimed_at < now - CLAIM_LIFETIME)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
