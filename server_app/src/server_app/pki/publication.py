"""Brings what the database says of certificates into HS_TLS_DIR."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.pki import keyring, records, revocation_list, server_certificate, tls_folder
from server_app.pki.models import (
    Certificate,
    CertificateKind,
    Phase,
    RevocationReason,
    SensorCertificate,
    ServerCertificate,
)
from server_app.pki.preferences import CertificateSection
from server_app.pki.revocation_list import Revoked, Wanted
from server_app.pki.server_certificate import Signer
from server_app.pki.tls_folder import Authorities
from server_app.preferences import service as preferences

LOG = structlog.get_logger(__name__)


def trusted(session: Session) -> Authorities:
    """Whom the proxy and the sensors shall trust."""
    own = "".join(row.pem for row in records.authorities(session))
    anchors = [row.anchor_pem for row in records.server_certificates(session) if row.anchor_pem]
    foreign = "".join([*dict.fromkeys(anchors), preferences.load(session, CertificateSection).proxy_authorities])
    return Authorities(own.encode(), foreign.encode())


@dataclass(frozen=True)
class Publication:
    """Where keys and certificates are, and the names of the server."""

    ca_dir: Path
    tls_dir: Path
    names: tuple[str, ...]

    def write(self, session: Session, now: datetime) -> None:
        """Write what differs."""
        self._write_lists(session, now)
        tls_folder.write_authorities(self.tls_dir, trusted(session))
        own = [row for row in records.server_certificates(session) if row.anchor_pem is not None]
        used = next((row for row in own if row.phase is Phase.ACTIVE), None)
        if used is not None:
            key = keyring.server_key_file(self.ca_dir, used.fingerprint).read_bytes()
            tls_folder.write_server(self.tls_dir, used.pem.encode(), key)
        else:
            self._ensure_internal(session, now)

    def tidy(self, session: Session) -> None:
        """Settle the keys of what has come, and remove those of what has ended; when the database has it for good."""
        if not keyring.is_settled(self.ca_dir):
            not_of_sensors = Certificate.kind != CertificateKind.SENSOR
            keyring.settle(self.ca_dir, session.scalars(select(Certificate.fingerprint).where(not_of_sensors)))
        ended = session.scalars(select(Certificate.fingerprint).where(Certificate.phase == Phase.ENDED))
        keyring.forget(self.ca_dir, set(ended))

    def _write_lists(self, session: Session, now: datetime) -> None:
        wanted = [
            Wanted(keyring.key_of(self.ca_dir, row.fingerprint), _revoked(session, row.id, now))
            for row in records.authorities(session)
        ]
        lists = revocation_list.renewed(tls_folder.revocation_lists(self.tls_dir), wanted, now)
        if lists is not None:
            tls_folder.write_revocation_lists(self.tls_dir, lists)

    def _ensure_internal(self, session: Session, now: datetime) -> None:
        """See to it that the server has a good certificate of ours, and that its row is there."""
        active = records.active_authority(session)
        signer = Signer(keyring.key_of(self.ca_dir, active.fingerprint), records.links(session, active, now))
        chain, key = tls_folder.server_chain(self.tls_dir), tls_folder.server_key(self.tls_dir)
        if not server_certificate.holds(chain, key, signer, self.names, now):
            pair = server_certificate.issued(signer, self.names, now)
            tls_folder.write_server(self.tls_dir, pair.chain, pair.key)
            chain = pair.chain
            LOG.info("server_certificate_made", not_after=pair.certificate.not_valid_after_utc.isoformat())
        self._note(session, x509.load_pem_x509_certificates(chain)[0], active.id, now)

    def _note(self, session: Session, leaf: x509.Certificate, issuer: int, now: datetime) -> None:
        described = records.described(leaf)
        known = False
        for row in records.server_certificates(session):
            if row.fingerprint == described["fingerprint"]:
                known = True
            elif row.phase is Phase.ACTIVE:
                records.enter(row, Phase.ENDED, now)
        if not known:
            session.add(ServerCertificate(**described, issuer_id=issuer, phase=Phase.ACTIVE, phase_since=now))


def _revoked(session: Session, authority: int, now: datetime) -> tuple[Revoked, ...]:
    """What an authority has to list: a certificate whose time is over needs no list."""
    query = (
        select(SensorCertificate.serial, SensorCertificate.revoked_at, SensorCertificate.revocation_reason)
        .where(SensorCertificate.issuer_id == authority, SensorCertificate.not_after > now)
        .where(SensorCertificate.revoked_at.is_not(None))
        .order_by(SensorCertificate.id)
    )
    return tuple(
        Revoked(int(serial, 16), at, reason or RevocationReason.UNSPECIFIED)
        for serial, at, reason in session.execute(query)
        if at is not None
    )
