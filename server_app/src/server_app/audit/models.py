from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server_app.audit.actor import ActorKind
from server_app.db import Base, text_enum


class AuditEntry(Base):
    """One change or login: who, from where, when, what. No foreign keys: it outlives users and objects.

    `before` and `after` hold the attributes that changed; what is secret is named there but has no value.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "time", "id"),
        Index(None, "actor_id", "time", "id"),
        Index(None, "object_type", "object_id", "time", "id"),
        Index(None, "action", "time", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    time: Mapped[datetime]
    actor_kind: Mapped[ActorKind] = mapped_column(text_enum(ActorKind))
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    object_type: Mapped[str] = mapped_column(String(32))
    object_id: Mapped[int | None]
    object_name: Mapped[str] = mapped_column(String(255))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
