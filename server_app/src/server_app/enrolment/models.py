from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base


class EnrolmentToken(Base):
    """The single-use token of a configuration archive, stored hashed.

    It is claimed before the worker signs and used up in the transaction that stores the certificate. A claim that did
    not become a certificate runs out, so that the token works again.
    """

    __tablename__ = "enrolment_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    claim: Mapped[str | None] = mapped_column(String(32), unique=True)
    claimed_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id", ondelete="SET NULL"))
