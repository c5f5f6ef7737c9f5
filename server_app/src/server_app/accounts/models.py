from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.db import Base, text_enum
from server_app.divisions.models import Division


class Role(StrEnum):
    """What a user may do: everything; manage the own divisions; look at them."""

    ADMIN = "admin"
    MANAGER = "manager"
    OBSERVER = "observer"


user_divisions = Table(
    "user_divisions",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("division_id", ForeignKey("divisions.id", ondelete="CASCADE"), primary_key=True),
)


class User(Base):
    """Somebody who logs in. Administrators see all divisions, others those they belong to."""

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it from the class
    audit_name: ClassVar[str] = "user"
    audit_hidden: ClassVar[frozenset[str]] = frozenset({"password_hash"})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(text_enum(Role))
    created_at: Mapped[datetime]
    divisions: Mapped[list[Division]] = relationship(secondary=user_divisions)


class LoginSession(Base):
    """A login. The cookie holds the token; the table only its SHA-256, so a copy of the table opens nothing."""

    __tablename__ = "login_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    user: Mapped[User] = relationship()


class LoginFailures(Base):
    """Failed logins of late for one key: an account with an address, or an address alone."""

    __tablename__ = "login_failures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
