from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.accounts.models import User
from server_app.db import Base
from server_app.divisions.models import Division


class Contact(Base):
    """Somebody whom a division wants told: a user, at whatever address they have, or a bare mail address."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("division_id", "user_id"),
        UniqueConstraint("division_id", "email"),
        CheckConstraint("(user_id IS NULL) <> (email IS NULL)", name="user_or_email"),
        {"sqlite_autoincrement": True},
    )
    audit_name: ClassVar[str] = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    division_id: Mapped[int] = mapped_column(ForeignKey("divisions.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    critical_events: Mapped[bool]
    all_events: Mapped[bool]
    system_alerts: Mapped[bool]
    created_at: Mapped[datetime]
    division: Mapped[Division] = relationship()
    user: Mapped[User | None] = relationship()
