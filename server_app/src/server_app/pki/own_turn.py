"""When an administrator's own server certificate has its turn."""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.pki import records, rotation
from server_app.pki.models import Phase, ServerCertificate
from server_app.pki.own_chain import OwnChain
from server_app.pki.preferences import CertificateSection
from server_app.preferences import service as preferences

LOG = structlog.get_logger(__name__)


def replace_coming(session: Session, own: OwnChain, now: datetime) -> int:
    """Let it be next, and what was next before not any more; the number of its row."""
    described = records.described(own.leaf) | {"pem": own.chain}
    row = session.scalar(select(ServerCertificate).where(ServerCertificate.fingerprint == described["fingerprint"]))
    if row is None:
        row = ServerCertificate(**described)
        session.add(row)
    elif row.phase is Phase.ACTIVE:
        return row.id
    for other in records.server_certificates(session):
        if other.phase is Phase.NEXT and other is not row:
            records.enter(other, Phase.ENDED, now)
    row.anchor_pem = own.anchor
    records.enter(row, Phase.NEXT, now)
    session.flush()
    return row.id


def use(session: Session, row: ServerCertificate, behind: int, now: datetime) -> None:
    """Use one when it may be; one that is over gives way to an internal one.

    Args:
        session: a writing one.
        row: the certificate.
        behind: how many sensors and archives do not know its authority yet.
        now: the current moment.
    """
    if row.anchor_pem is not None and row.not_after <= now:
        LOG.error("own_server_certificate_expired", certificate=row.id)
        records.enter(row, Phase.ENDED, now)
    elif row.phase is Phase.NEXT and row.phase_since is not None:
        overlap = preferences.load(session, CertificateSection).overlap
        if not rotation.may_activate(row.phase_since, behind, overlap, now):
            return
        for other in records.server_certificates(session):
            if other.phase is Phase.ACTIVE:
                records.enter(other, Phase.ENDED, now)
        records.enter(row, Phase.ACTIVE, now)
        LOG.info("own_server_certificate_used", certificate=row.id)
