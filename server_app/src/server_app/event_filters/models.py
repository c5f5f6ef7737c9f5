from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base


class EventFilter(Base):
    """Events that people know to be harmless: hidden from lists, never dropped. Without a division, it holds for all.

    `conditions` is `event_filters.conditions.Conditions` as JSON.
    """

    __tablename__ = "event_filters"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it from the class
    audit_name: ClassVar[str] = "event-filter"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(String(255))
    division_id: Mapped[int | None] = mapped_column(ForeignKey("divisions.id", ondelete="CASCADE"), index=True)
    enabled: Mapped[bool]
    expires_at: Mapped[datetime | None]
    conditions: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]


class EventFilterHits(Base):
    """How many events a filter has hidden, by hour and by sensor, so that no sensor waits for another."""

    __tablename__ = "event_filter_hits"

    filter_id: Mapped[int] = mapped_column(ForeignKey("event_filters.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    sensor_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    events: Mapped[int]
