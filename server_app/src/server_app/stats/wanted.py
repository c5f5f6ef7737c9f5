"""What is asked of the statistics. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from server_app.api_base.model import ApiModel
from server_app.counting.increments import DAY, HOUR, WEEK, week_of
from server_app.events.counts import day_of, hour_of
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


@dataclass(frozen=True)
class Segment:
    """Neighbouring totals of one span: those that begin from `begin` to before `end`."""

    span: int
    begin: datetime
    end: datetime

    def starts(self) -> list[datetime]:
        """Their beginnings."""
        step = timedelta(hours=self.span)
        return [self.begin + number * step for number in range((self.end - self.begin) // step)]


def span_of(window: Window) -> int:
    """The hours that one point of the timeline covers."""
    return HOUR if window is Window.DAY else DAY


def start_of(window: Window, now: datetime) -> datetime:
    """The beginning of the first point: the window's last point is the current hour or day."""
    return _end(window, now) - LENGTHS[window]


def timeline_of(window: Window, now: datetime) -> Segment:
    """The totals that are the points of the timeline."""
    return Segment(span_of(window), start_of(window, now), _end(window, now))


def segments_of(window: Window, now: datetime, weeks: datetime) -> list[Segment]:
    """As few totals as there can be that cover the timeline together; weeks that begin before `weeks` have some."""
    line = timeline_of(window, now)
    return [line] if line.span == HOUR else _fewest(line.begin, line.end, weeks)


def whole_days_of(window: Window, now: datetime, weeks: datetime) -> list[Segment]:
    """As few as there can be that cover all days the timeline touches."""
    line = timeline_of(window, now)
    return _fewest(day_of(line.begin), day_of(now) + timedelta(hours=DAY), weeks)


def _end(window: Window, now: datetime) -> datetime:
    current = hour_of(now) if span_of(window) == HOUR else day_of(now)
    return current + timedelta(hours=span_of(window))


def _fewest(begin: datetime, end: datetime, weeks: datetime) -> list[Segment]:
    first = week_of(begin + timedelta(days=6))  # the first Monday from there on
    last = min(week_of(end), weeks)
    if first >= last:
        return [Segment(DAY, begin, end)]
    parts = Segment(DAY, begin, first), Segment(WEEK, first, last), Segment(DAY, last, end)
    return [part for part in parts if part.begin < part.end]
