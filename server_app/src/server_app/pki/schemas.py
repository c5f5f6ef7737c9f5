from datetime import datetime

from server_app.api_base.body import ApiModel
from server_app.fields import RowId
from server_app.pki.models import Certificate


class CertificateFilter(ApiModel):
    """What to list."""

    sensor: RowId | None = None


class CertificateItem(ApiModel):
    """A certificate that was issued to a sensor."""

    id: int
    sensor: int
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None


class CertificateList(ApiModel):
    """The certificates of the sensors the user sees."""

    items: list[CertificateItem]
    next: None = None


def certificate_item(row: Certificate) -> CertificateItem:
    """A row as the API shows it."""
    return CertificateItem(
        id=row.id,
        sensor=row.sensor_id,
        serial=row.serial,
        fingerprint=row.fingerprint,
        not_before=row.not_before,
        not_after=row.not_after,
        revoked_at=row.revoked_at,
    )
