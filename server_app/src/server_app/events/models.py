from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from server_app.accounts.models import User
from server_app.db import Base, text_enum
from server_app.events.columns import Address, Shelf
from server_app.sensors.models import Sensor

SHOWN = text("hidden_by IS NULL")
HIDDEN = text("hidden_by IS NOT NULL")
ASSIGNED = text("assignee_id IS NOT NULL")


class SessionStatus(StrEnum):
    """How far people are with a session."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    IGNORED = "ignored"


def _shown(*columns: str) -> Index:
    return Index(None, *columns, "time", "id", postgresql_where=SHOWN, sqlite_where=SHOWN)


def _shelved(*columns: str) -> Index:
    return Index(None, "shelf", *columns, "last_time", "id")


class Event(Base):
    """What a honeypot saw, as it was uploaded; never changed. `severity` is the rank (0 info … 4 critical).

    It belongs to the division its sensor was in when it arrived. Lists show what no event filter hides, so the indexes
    leave the hidden ones out. There are no foreign keys to the sensor, the session and the division: each would cost a
    look-up per event, and the only writer holds them. Of a sensor that is no more, `sensor` is None, see `events.gone`.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("sensor_id", "uuid"),
        Index(None, "session_id"),
        _shown(),
        _shown("division_id"),
        _shown("sensor_id"),
        _shown("service"),
        _shown("kind"),
        _shown("severity"),
        _shown("protocol"),
        _shown("destination_port"),
        _shown("source_ip"),
        Index("ix_events_hidden", "hidden_by", "time", "id", postgresql_where=HIDDEN, sqlite_where=HIDDEN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int]
    division_id: Mapped[int]
    session_id: Mapped[int]
    uuid: Mapped[UUID] = mapped_column(Uuid)
    time: Mapped[datetime]
    received_at: Mapped[datetime]
    service: Mapped[str] = mapped_column(String(32))
    source_ip: Mapped[str] = mapped_column(Address)
    source_port: Mapped[int | None] = mapped_column(Integer)
    destination_ip: Mapped[str] = mapped_column(String(45))
    destination_port: Mapped[int | None] = mapped_column(Integer)
    protocol: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))
    severity: Mapped[int] = mapped_column(SmallInteger)
    summary: Mapped[str] = mapped_column(String(256))
    words: Mapped[str] = mapped_column(Text, deferred=True, server_default="")
    details: Mapped[list[dict[str, Any]]]
    packets: Mapped[list[dict[str, Any]]]
    truncated: Mapped[bool]
    hidden_by: Mapped[int | None]
    sensor: Mapped[Sensor] = relationship(primaryjoin=lambda: foreign(Event.sensor_id) == Sensor.id, viewonly=True)
    parent: Mapped["EventSession"] = relationship(
        primaryjoin=lambda: foreign(Event.session_id) == EventSession.id, viewonly=True
    )

    @property
    def session(self) -> str:
        """The sensor's name for the contact."""
        return self.parent.session


class EventSession(Base):
    """All events of one contact in one row, kept up to date by the transaction that stores the events.

    `kind` is the most telling one and `severity` the highest of its events; `summary` is that of the event which ranks
    highest (`summary_rank`, then the latest). Both ends are those of the first event. Status, comment, assignee and
    shelf are people's: sessions are what they work on.
    """

    __tablename__ = "event_sessions"
    __table_args__ = (
        UniqueConstraint("session", "sensor_id"),
        _shelved(),
        _shelved("division_id"),
        _shelved("sensor_id"),
        _shelved("service"),
        _shelved("kind"),
        _shelved("severity"),
        _shelved("protocol"),
        _shelved("status"),
        _shelved("destination_port"),
        _shelved("source_ip"),
        Index(None, "sensor_id"),
        Index(None, "assignee_id", postgresql_where=ASSIGNED, sqlite_where=ASSIGNED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int]
    division_id: Mapped[int]
    session: Mapped[str] = mapped_column(String(64))
    service: Mapped[str] = mapped_column(String(32))
    first_time: Mapped[datetime]
    last_time: Mapped[datetime]
    events: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    severity: Mapped[int] = mapped_column(SmallInteger)
    protocol: Mapped[str] = mapped_column(String(8))
    source_ip: Mapped[str] = mapped_column(Address)
    source_port: Mapped[int | None] = mapped_column(Integer)
    destination_ip: Mapped[str] = mapped_column(String(45))
    destination_port: Mapped[int | None] = mapped_column(Integer)
    summary: Mapped[str] = mapped_column(String(256))
    words: Mapped[str] = mapped_column(Text, deferred=True, server_default="")
    summary_rank: Mapped[int] = mapped_column(SmallInteger)
    summary_time: Mapped[datetime]
    shelf: Mapped[int] = mapped_column(SmallInteger, default=Shelf.LIVE)
    status: Mapped[SessionStatus] = mapped_column(text_enum(SessionStatus), default=SessionStatus.NEW)
    comment: Mapped[str] = mapped_column(String(1000), default="")
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime | None]
    sensor: Mapped[Sensor] = relationship(
        primaryjoin=lambda: foreign(EventSession.sensor_id) == Sensor.id, viewonly=True
    )
    assignee: Mapped[User | None] = relationship(viewonly=True)
