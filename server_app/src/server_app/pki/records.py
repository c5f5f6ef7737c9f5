"""Rows for certificates, and the rows that are there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from server_app.pki.client_cert import fingerprint
from server_app.pki.models import AuthorityCertificate, Phase, SensorCertificate, ServerCertificate


def described(certificate: x509.Certificate) -> dict[str, Any]:
    """What every row says of its certificate."""
    return {
        "fingerprint": fingerprint(certificate),
        "serial": f"{certificate.serial_number:x}",
        "key_id": key_id(certificate.public_key()),
        "pem": certificate.public_bytes(Encoding.PEM).decode(),
        "not_before": certificate.not_valid_before_utc,
        "not_after": certificate.not_valid_after_utc,
    }


def key_id(key: Any) -> str:
    """The identifier of a public key (RFC 5280, 4.2.1.2, method 1), hexadecimal."""
    return x509.SubjectKeyIdentifier.from_public_key(key).digest.hex()


def issuer_of(session: Session, certificate: x509.Certificate) -> int | None:
    """The row of the authority that says it has signed a certificate."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None
    if extension.key_identifier is None:
        return None
    return session.scalar(
        select(AuthorityCertificate.id).where(AuthorityCertificate.key_id == extension.key_identifier.hex())
    )


def authorities(session: Session) -> Sequence[AuthorityCertificate]:
    """All that have not ended, the oldest first: the order must not change when another becomes active."""
    query = select(AuthorityCertificate).where(AuthorityCertificate.phase != Phase.ENDED)
    return session.scalars(query.order_by(AuthorityCertificate.id)).all()


def active_authority(session: Session) -> AuthorityCertificate:
    """The one that signs.

    Raises:
        RuntimeError: there is none; `init` has not run.
    """
    row = session.scalar(select(AuthorityCertificate).where(AuthorityCertificate.phase == Phase.ACTIVE))
    if row is None:
        raise RuntimeError("There is no certificate authority in the database. Run `server-app init` first.")
    return row


def server_certificates(session: Session) -> Sequence[ServerCertificate]:
    """The server's own that are used or will be."""
    query = select(ServerCertificate).where(ServerCertificate.phase.in_([Phase.NEXT, Phase.ACTIVE]))
    return session.scalars(query.order_by(ServerCertificate.id)).all()


def links(session: Session, authority: AuthorityCertificate, now: datetime) -> list[bytes]:
    """The links from an authority to those before it, as far back as they still hold; newest first."""
    query = select(AuthorityCertificate).where(AuthorityCertificate.id <= authority.id)
    found: list[bytes] = []
    for row in session.scalars(query.order_by(AuthorityCertificate.id.desc())):
        if row.link_pem is None or x509.load_pem_x509_certificate(row.link_pem.encode()).not_valid_after_utc <= now:
            break
        found.append(row.link_pem.encode())
    return found


def holders(session: Session, now: datetime) -> dict[int, int]:
    """How many certificates of sensors still hold, by the authority that signed them."""
    query = (
        select(SensorCertificate.issuer_id, func.count())
        .where(SensorCertificate.revoked_at.is_(None), SensorCertificate.superseded_at.is_(None))
        .where(SensorCertificate.not_after > now, SensorCertificate.issuer_id.is_not(None))
        .group_by(SensorCertificate.issuer_id)
    )
    return {issuer: count for issuer, count in session.execute(query) if issuer is not None}


def enter(row: AuthorityCertificate | ServerCertificate, phase: Phase, now: datetime) -> None:
    """Move a certificate on to another phase."""
    row.phase, row.phase_since = phase, now


def fill_issuers(session: Session) -> None:
    """Say who signed the certificates of releases that did not note it."""
    query = select(SensorCertificate).where(SensorCertificate.issuer_id.is_(None))
    for row in session.scalars(query).all():
        issuer = issuer_of(session, x509.load_pem_x509_certificate(row.pem.encode()))
        session.execute(update(SensorCertificate).where(SensorCertificate.id == row.id).values(issuer_id=issuer))
