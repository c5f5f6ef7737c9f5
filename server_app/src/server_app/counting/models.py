from datetime import datetime
from enum import IntEnum

from sqlalchemy import Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from server_app.db import Base

EVENTS, WEEKS = "events", "weeks"


class Picture(IntEnum):
    """By what events are told apart in a picture of the dashboard; a small number, which the database keeps."""

    TOTAL = 0
    SERVICE = 1
    KIND = 2
    SEVERITY = 3
    SENSOR = 4
    SOURCE = 5
    PORT = 6


TOUCHED = text("picture = 5 AND sensor_id <> 0")
PLACES = text("picture = 0 AND span = 24 AND sensor_id <> 0")


class EventTotal(Base):
    """Events that arrived for an hour, a day or a week of their time, by what one picture tells apart.

    Neither deleting events nor removing their sensor changes it. `start` is the beginning in UTC, `span` its hours (1,
    24, 168; weeks begin on Monday, and have totals once they are over); hidden events are not counted. Rows are kept
    for everything (division and sensor 0), for each division (sensor 0), and for each sensor in a division.
    `increments` tells what is in `key`.
    """

    __tablename__ = "event_totals"
    __table_args__ = (
        Index("ix_event_totals_most", "picture", "division_id", "sensor_id", "span", "start", "events", "key"),
        Index(
            "ix_event_totals_touched",
            *("key", "span", "start", "division_id", "sensor_id"),
            postgresql_where=TOUCHED,
            sqlite_where=TOUCHED,
        ),
        Index("ix_event_totals_places", "sensor_id", "division_id", postgresql_where=PLACES, sqlite_where=PLACES),
    )

    picture: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    division_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sensor_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    span: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    events: Mapped[int]


class CountedUpTo(Base):
    """How far the totals are, in two rows.

    `events`: the number up to which events are in them; locked first by whoever changes totals. `weeks`: the Monday, in
    seconds since 1970, before which weeks have totals.
    """

    __tablename__ = "counted_up_to"

    what: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int]
