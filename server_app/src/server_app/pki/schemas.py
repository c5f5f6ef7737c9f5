from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from server_app.api_base.body import ApiModel
from server_app.fields import RowId
from server_app.paging import PageRequest
from server_app.pki.models import (
    Certificate,
    CertificateKind,
    Phase,
    RevocationReason,
    SensorCertificate,
    ServerCertificate,
)
from server_app.pki.states import CertificateState, state_of

Pem = Annotated[str, StringConstraints(min_length=1, max_length=32768)]


class CertificateFilter(PageRequest):
    """What to list."""

    kind: CertificateKind | None = None
    sensor: RowId | None = None
    state: CertificateState | None = None


class Revocation(ApiModel):
    """Why a certificate is revoked."""

    reason: RevocationReason = RevocationReason.UNSPECIFIED


class SensorRevocation(Revocation):
    """Whose certificates are revoked, and why."""

    sensor: RowId


class OwnCertificate(ApiModel):
    """The administrator's own certificate for the server, all as PEM.

    `key` is not encrypted; `chain` begins with the server's certificate, each signed by the next; `authority` is the
    self-signed one at the end, if the chain does not have it.
    """

    key: Pem
    chain: Pem
    authority: Pem | None = None


class CertificateItem(ApiModel):
    """A certificate of a sensor, of the server or of an authority; times are UTC.

    `own`: a server's certificate that an administrator brought. `phase`: where an authority's or a server's stands.
    """

    id: int
    kind: CertificateKind
    state: CertificateState
    sensor: int | None
    own: bool
    serial: str
    fingerprint: str
    issuer: int | None
    not_before: datetime
    not_after: datetime
    phase: Phase | None
    phase_since: datetime | None
    superseded_at: datetime | None
    revoked_at: datetime | None
    revocation_reason: RevocationReason | None


class CertificateDetails(CertificateItem):
    """A certificate with its PEM."""

    pem: str


class CertificateList(ApiModel):
    """A page of certificates."""

    items: list[CertificateItem]
    next: str | None


class Revoked(ApiModel):
    """All certificates of a sensor."""

    items: list[CertificateItem]


def certificate_item(row: Certificate, now: datetime) -> CertificateItem:
    """A row as the API shows it."""
    return CertificateItem.model_validate(_shown(row, now))


def certificate_details(row: Certificate, now: datetime) -> CertificateDetails:
    """A row as the API shows it alone."""
    return CertificateDetails.model_validate(_shown(row, now) | {"pem": row.pem})


def _shown(row: Certificate, now: datetime) -> dict[str, object]:
    copied = {name: getattr(row, name) for name in CertificateItem.model_fields if hasattr(row, name)}
    return copied | {
        "state": state_of(row, now),
        "sensor": row.sensor_id if isinstance(row, SensorCertificate) else None,
        "own": isinstance(row, ServerCertificate) and row.anchor_pem is not None,
        "issuer": row.issuer_id,
    }
