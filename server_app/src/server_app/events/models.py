from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server_app.db import Base
from server_app.sensors.models import Sensor


class Event(Base):
    """What a honeypot saw, as it was uploaded; never changed. `severity` is the rank (0 info … 4 critical)."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("sensor_id", "uuid"),
        Index(None, "time", "id"),
        Index(None, "sensor_id", "session", "time"),
        Index(None, "session"),
        Index(None, "source_ip", "time", "id"),
        Index(None, "service", "time", "id"),
        Index(None, "kind", "time", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"))
    uuid: Mapped[UUID] = mapped_column(Uuid)
    time: Mapped[datetime]
    received_at: Mapped[datetime]
    service: Mapped[str] = mapped_column(String(32))
    source_ip: Mapped[str] = mapped_column(String(45))
    source_port: Mapped[int | None]
    destination_ip: Mapped[str] = mapped_column(String(45))
    destination_port: Mapped[int | None]
    protocol: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))
    severity: Mapped[int] = mapped_column(SmallInteger)
    session: Mapped[str] = mapped_column(String(64))
    summary: Mapped[str] = mapped_column(String(256))
    details: Mapped[list[dict[str, Any]]]
    packets: Mapped[list[dict[str, Any]]]
    truncated: Mapped[bool]
    sensor: Mapped[Sensor] = relationship()


class EventSession(Base):
    """All events of one contact in one row, kept up to date by the transaction that stores the events.

    `kind` is the most telling one and `severity` the highest of its events; `summary` is that of the event which ranks
    highest (`summary_rank`, then the latest). Both ends are those of the first event.
    """

    __tablename__ = "event_sessions"
    __table_args__ = (
        UniqueConstraint("sensor_id", "session"),
        Index(None, "last_time", "id"),
        Index(None, "source_ip", "last_time", "id"),
        Index(None, "service", "last_time", "id"),
        Index(None, "kind", "last_time", "id"),
        Index(None, "sensor_id", "last_time", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id", ondelete="CASCADE"))
    session: Mapped[str] = mapped_column(String(64))
    service: Mapped[str] = mapped_column(String(32))
    first_time: Mapped[datetime]
    last_time: Mapped[datetime]
    events: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    severity: Mapped[int] = mapped_column(SmallInteger)
    protocol: Mapped[str] = mapped_column(String(8))
    source_ip: Mapped[str] = mapped_column(String(45))
    source_port: Mapped[int | None]
    destination_ip: Mapped[str] = mapped_column(String(45))
    destination_port: Mapped[int | None]
    summary: Mapped[str] = mapped_column(String(256))
    summary_rank: Mapped[int] = mapped_column(SmallInteger)
    summary_time: Mapped[datetime]
    sensor: Mapped[Sensor] = relationship()
