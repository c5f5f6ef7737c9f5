"""What is asked of the statistics. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from server_app.api_base.model import ApiModel
from server_app.events.counts import DAY, HOUR, day_of, hour_of
from server_app.fields import RowId

MAX_TOP = 50


class Window(StrEnum):
    """How far back, to the current moment."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"


class StatsQuery(ApiModel):
    """Which part of the sensors, how far back, and how long the lists of the most frequent are."""

    window: Window = Window.DAY
    division: RowId | None = None
    sensor: RowId | None = None
    top: Annotated[int, Field(ge=1, le=MAX_TOP)] = 10


LENGTHS = {
    Window.DAY: timedelta(days=1),
    Window.WEEK: timedelta(days=7),
    Window.MONTH: timedelta(days=30),
    Window.QUARTER: timedelta(days=90),
}


def span_of(window: Window) -> int:
    """The hours that one point of the timeline covers."""
    return HOUR if window is Window.DAY else DAY


def start_of(window: Window, now: datetime) -> datetime:
    """The beginning of the first point: the window's last point is the current hour or day."""
    step = timedelta(hours=span_of(window))
    current = hour_of(now) if span_of(window) == HOUR else day_of(now)
    return current - LENGTHS[window] + step


def points_of(window: Window, now: datetime) -> list[datetime]:
    """The beginnings of all points."""
    step = timedelta(hours=span_of(window))
    start = start_of(window, now)
    return [start + number * step for number in range(LENGTHS[window] // step)]
