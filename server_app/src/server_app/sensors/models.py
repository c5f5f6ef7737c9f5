from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.at_rest.columns import HiddenText
from server_app.at_rest.hidden import Hidden
from server_app.db import Base, text_enum
from server_app.divisions.models import Division


class SensorState(StrEnum):
    """Whether a sensor polls: never did, does, has stopped."""

    NEW = "new"
    ONLINE = "online"
    TIMEOUT = "timeout"


class Health(StrEnum):
    """Whether a sensor's last report was good; see `sensors.health`."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Sensor(Base):
    """A sensor as people describe it. Its numbers are never used again: certificates and events name them.

    Null settings mean the system's. The types of the JSON columns are in `sensors.connection`.
    """

    reaches_sensors: ClassVar[bool] = True
    __tablename__ = "sensors"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it from the class
    audit_name: ClassVar[str] = "sensor"
    audit_hidden: ClassVar[frozenset[str]] = frozenset({"proxy_password", "dot1x_secret"})
    audit_ignored: ClassVar[frozenset[str]] = frozenset({"name_number"})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    location: Mapped[str] = mapped_column(String(255))
    division_id: Mapped[int] = mapped_column(ForeignKey("divisions.id", ondelete="RESTRICT"), index=True)
    poll_interval: Mapped[int | None]  # seconds
    server: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    network: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    dns_servers: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    mac_address: Mapped[str | None] = mapped_column(String(17))
    proxy: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    proxy_password: Mapped[Hidden | None] = mapped_column(HiddenText)
    dot1x: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    dot1x_secret: Mapped[Hidden | None] = mapped_column(HiddenText)  # password, or key as PEM
    pinned_firmware: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    persona: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # sensors.persona
    name_number: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # of it a host name is made
    created_at: Mapped[datetime]
    division: Mapped[Division] = relationship()
    status: Mapped["SensorStatus"] = relationship(
        back_populates="sensor", cascade="all, delete-orphan", passive_deletes=True
    )


class SensorStatus(Base):
    """What the last poll said and what it was answered; apart from the sensor, because every poll writes it.

    `last_contact_at` and `due_at` change with every poll, so neither has an index. The rest changes rarely.
    """

    __tablename__ = "sensor_status"

    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"), primary_key=True)
    generation: Mapped[int] = mapped_column(default=0)
    desired_hash: Mapped[str | None] = mapped_column(String(64))
    architecture: Mapped[str | None] = mapped_column(String(16))
    desired_key: Mapped[str | None] = mapped_column(String(96))  # what desired_hash was computed from
    last_contact_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # without contact until then, it is timed out
    timed_out: Mapped[bool] = mapped_column(default=False)  # noticed by the worker and in the history
    report: Mapped[dict[str, Any] | None]  # sensor_wire.v1.poll.Report as JSON
    report_digest: Mapped[str | None] = mapped_column(String(64))
    reported_at: Mapped[datetime | None]
    health: Mapped[Health] = mapped_column(text_enum(Health), default=Health.OK)
    sensor: Mapped[Sensor] = relationship(back_populates="status")


class StatusChange(Base):
    """An entry in a sensor's history: it came, went silent, or reported something else than before."""

    __tablename__ = "sensor_status_history"
    __table_args__ = (Index(None, "sensor_id", "time", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"))
    time: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[SensorState] = mapped_column(text_enum(SensorState))
    health: Mapped[Health] = mapped_column(text_enum(Health))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # sensors.history.Excerpt
