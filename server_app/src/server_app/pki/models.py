from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base, text_enum


class CertificateKind(StrEnum):
    """Whose certificate it is."""

    SENSOR = "sensor"
    SERVER = "server"
    AUTHORITY = "authority"


class Phase(StrEnum):
    """Where an authority or a server's certificate stands.

    One that is next has been announced to the sensors, the active one is used, a retiring authority is still trusted,
    and what has ended is not any more.
    """

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"
    ENDED = "ended"


class RevocationReason(StrEnum):
    """Why a certificate is refused before its end."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key_compromise"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class Certificate(Base):
    """A certificate that was issued here or is used here. A sensor's that is not in this table is worth nothing."""

    __tablename__ = "certificates"
    __table_args__ = (Index(None, "not_before", "id"), {"sqlite_autoincrement": True})
    __mapper_args__ = {"polymorphic_on": "kind", "with_polymorphic": "*"}  # noqa: RUF012 - SQLAlchemy reads it from the class
    audit_name: ClassVar[str] = "certificate"
    audit_ignored: ClassVar[frozenset[str]] = frozenset({"pem", "link_pem", "anchor_pem", "key_id"})

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CertificateKind] = mapped_column(text_enum(CertificateKind))
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of the DER, hexadecimal
    serial: Mapped[str] = mapped_column(String(40))  # hexadecimal
    key_id: Mapped[str] = mapped_column(String(40))  # subject key identifier: SHA-1 of the public key, hexadecimal
    pem: Mapped[str] = mapped_column(Text)  # leaf first
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id", ondelete="SET NULL"), index=True)
    superseded_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[RevocationReason | None] = mapped_column(text_enum(RevocationReason))
    phase: Mapped[Phase | None] = mapped_column(text_enum(Phase))
    phase_since: Mapped[datetime | None]


class SensorCertificate(Certificate):
    """A sensor's. Once it has been used, those before it are superseded."""

    __mapper_args__ = {"polymorphic_identity": CertificateKind.SENSOR}  # noqa: RUF012 - SQLAlchemy reads it from the class

    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"), index=True, nullable=True)
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id", ondelete="SET NULL"))
    used_at: Mapped[datetime | None]


class AuthorityCertificate(Certificate):
    """An authority's. `link_pem`: the same key, certified by the authority before it."""

    __mapper_args__ = {"polymorphic_identity": CertificateKind.AUTHORITY}  # noqa: RUF012 - SQLAlchemy reads it from the class

    audit_name: ClassVar[str] = "authority"

    link_pem: Mapped[str | None] = mapped_column(Text)


class ServerCertificate(Certificate):
    """The server's. `anchor_pem`: the foreign authority that sensors have to trust for it; null: one of ours."""

    __mapper_args__ = {"polymorphic_identity": CertificateKind.SERVER}  # noqa: RUF012 - SQLAlchemy reads it from the class

    audit_name: ClassVar[str] = "server certificate"

    anchor_pem: Mapped[str | None] = mapped_column(Text)
