from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.db import Base


class Service(Base):
    """A honeypot of the catalogue. Its first revision becomes the default."""

    reaches_sensors: ClassVar[bool] = True
    __tablename__ = "services"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it from the class
    audit_name: ClassVar[str] = "service"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    repository: Mapped[str] = mapped_column(String(128), unique=True)
    description: Mapped[str] = mapped_column(Text)
    default_revision: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    revisions: Mapped[list["ServiceRevision"]] = relationship(
        back_populates="service",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="ServiceRevision.id.desc()",
    )


class ServiceRevision(Base):
    """One image of a service: a revision for one architecture, with its run contract."""

    reaches_sensors: ClassVar[bool] = True
    audit_name: ClassVar[str] = "service revision"
    audit_ignored: ClassVar[frozenset[str]] = frozenset({"image_missing"})
    __tablename__ = "service_revisions"
    __table_args__ = (UniqueConstraint("service_id", "revision", "architecture"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    revision: Mapped[str] = mapped_column(String(64))
    architecture: Mapped[str] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(71))
    raw: Mapped[bool]
    catch_all: Mapped[bool]
    ports: Mapped[dict[str, Any]]  # {"2222/tcp": 22}
    port_ranges: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=text("'[]'"))  # PortRange
    limits: Mapped[dict[str, Any]]  # sensor_wire.v1.desired.Limits as JSON
    options: Mapped[dict[str, Any]]  # JSON Schema of what an operator may set
    image_missing: Mapped[bool] = mapped_column(default=False, server_default=false())  # when it was last looked for
    created_at: Mapped[datetime]
    service: Mapped[Service] = relationship(back_populates="revisions")
