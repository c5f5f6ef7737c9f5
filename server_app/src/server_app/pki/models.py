from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base


class Certificate(Base):
    """A certificate that was issued to a sensor. One that is not in this table is worth nothing."""

    __tablename__ = "certificates"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it from the class
    audit_name: ClassVar[str] = "certificate"
    audit_ignored: ClassVar[frozenset[str]] = frozenset({"pem"})

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of the DER, hexadecimal
    serial: Mapped[str] = mapped_column(String(40))  # hexadecimal
    pem: Mapped[str] = mapped_column(Text)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
