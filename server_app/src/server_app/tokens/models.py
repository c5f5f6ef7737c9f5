from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.accounts.models import User
from server_app.db import Base, text_enum
from server_app.divisions.models import Division


class Scope(StrEnum):
    """What a token may do, within what its user may: look, or change as well."""

    READ = "read"
    WRITE = "write"


api_token_divisions = Table(
    "api_token_divisions",
    Base.metadata,
    Column("token_id", ForeignKey("api_tokens.id", ondelete="CASCADE"), primary_key=True),
    Column("division_id", ForeignKey("divisions.id", ondelete="CASCADE"), primary_key=True),
)


class ApiToken(Base):
    """What a program logs in with. Only its SHA-256 is stored, so a copy of the table opens nothing."""

    __tablename__ = "api_tokens"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it from the class
    audit_name: ClassVar[str] = "api-token"
    audit_hidden: ClassVar[frozenset[str]] = frozenset({"token_hash"})
    audit_ignored: ClassVar[frozenset[str]] = frozenset({"last_used_at"})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(50))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[Scope] = mapped_column(text_enum(Scope))
    limited: Mapped[bool]  # to `divisions`, even when the last of them is gone
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()
    divisions: Mapped[list[Division]] = relationship(secondary=api_token_divisions, order_by=Division.id)
