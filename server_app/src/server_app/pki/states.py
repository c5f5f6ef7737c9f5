"""What people are told about a certificate. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_

from server_app.pki.lifetimes import EXPIRING
from server_app.pki.models import Certificate, Phase


class CertificateState(StrEnum):
    """Whether a certificate holds: not yet, yes, not for long, no more, refused, followed by another."""

    PENDING = "pending"
    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


def state_of(row: Certificate, now: datetime) -> CertificateState:
    """The state of a certificate at this moment."""
    left = row.not_after - now
    if row.revoked_at is not None:
        return CertificateState.REVOKED
    if row.superseded_at is not None or row.phase is Phase.ENDED:
        return CertificateState.SUPERSEDED
    if left <= timedelta():
        return CertificateState.EXPIRED
    if row.phase is Phase.NEXT:
        return CertificateState.PENDING
    return CertificateState.EXPIRING if left <= EXPIRING[row.kind] else CertificateState.VALID


def is_in(state: CertificateState, now: datetime) -> ColumnElement[bool]:
    """The same as a condition on rows."""
    soon = or_(
        *(and_(Certificate.kind == kind, Certificate.not_after <= now + left) for kind, left in EXPIRING.items())
    )
    not_refused = and_(
        Certificate.revoked_at.is_(None),
        Certificate.superseded_at.is_(None),
        Certificate.phase.is_distinct_from(Phase.ENDED),
    )
    holds = and_(not_refused, Certificate.not_after > now)
    used = and_(holds, Certificate.phase.is_distinct_from(Phase.NEXT))
    match state:
        case CertificateState.REVOKED:
            return Certificate.revoked_at.is_not(None)
        case CertificateState.SUPERSEDED:
            ended = or_(Certificate.superseded_at.is_not(None), Certificate.phase == Phase.ENDED)
            return and_(Certificate.revoked_at.is_(None), ended)
        case CertificateState.EXPIRED:
            return and_(not_refused, Certificate.not_after <= now)
        case CertificateState.PENDING:
            return and_(holds, Certificate.phase == Phase.NEXT)
        case CertificateState.EXPIRING:
            return and_(used, soon)
        case CertificateState.VALID:
            return and_(used, ~soon)
