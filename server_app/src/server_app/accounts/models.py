from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Column, ForeignKey, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.db import Base, text_enum
from server_app.divisions.models import Division


class Source(StrEnum):
    """Who vouches for a user's password: this server or a directory."""

    LOCAL = "local"
    LDAP = "ldap"
    OIDC = "oidc"


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
    __table_args__ = (Index(None, "source", "external_id", unique=True), {"sqlite_autoincrement": True})
    audit_name: ClassVar[str] = "user"
    audit_hidden: ClassVar[frozenset[str]] = frozenset({"password_hash"})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))  # empty for users of a directory
    role: Mapped[Role] = mapped_column(text_enum(Role))
    full_name: Mapped[str] = mapped_column(String(100), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    source: Mapped[Source] = mapped_column(text_enum(Source), default=Source.LOCAL)
    external_id: Mapped[str | None] = mapped_column(String(512))  # who it is for the directory
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
    address: Mapped[str] = mapped_column(String(64), default="")
    user: Mapped[User] = relationship()


class LoginFailures(Base):
    """Failed logins of late for one key: an account with an address, either of them alone."""

    __tablename__ = "login_failures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)


class LoginPlace(Base):
    """An account with an address that it was logged in from of late; a guesser elsewhere does not slow it down."""

    __tablename__ = "login_places"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_at: Mapped[datetime] = mapped_column(index=True)
