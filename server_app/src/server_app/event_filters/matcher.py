"""Which filter hides an event. Pure, and fast enough for every event that arrives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server_app.event_filters.conditions import Conditions, TimeWindow, Weekday
from server_app.events.addresses import key_of, range_of

type Columns = Mapping[str, Any]
type Check = Callable[[Columns], bool]
WEEKDAYS = tuple(Weekday)


@dataclass(frozen=True)
class Matcher:
    """A filter, ready to be asked. `division` is None where it holds for all; `expires_at` None where it never ends."""

    id: int
    division: int | None
    expires_at: datetime | None
    checks: tuple[Check, ...]

    def holds_for(self, division: int, now: datetime) -> bool:
        """Whether it is to be asked at all."""
        return self.division in {None, division} and (self.expires_at is None or now < self.expires_at)

    def matches(self, event: Columns) -> bool:
        """Whether all conditions hold.

        Args:
            event: columns of its row, with `sensor_id`.
        """
        return all(check(event) for check in self.checks)


def first_match(matchers: Sequence[Matcher], event: Columns) -> int | None:
    """The number of the first filter that matches."""
    return next((matcher.id for matcher in matchers if matcher.matches(event)), None)


def checks_of(conditions: Conditions) -> tuple[Check, ...]:
    """The conditions, cheapest first."""
    found: list[Check] = []
    for column, values in (
        ("destination_port", conditions.ports),
        ("protocol", conditions.protocols),
        ("kind", conditions.kinds),
        ("service", conditions.services),
        ("sensor_id", conditions.sensors),
    ):
        if values is not None:
            found.append(_one_of(column, frozenset(values)))
    if conditions.sources is not None:
        found.append(_from(conditions.sources))
    if conditions.times is not None:
        found.append(_at(conditions.times))
    return tuple(found)


def covers(window: TimeWindow, moment: datetime) -> bool:
    """Whether a moment lies in the window."""
    local = moment.astimezone(ZoneInfo(window.zone))
    begin, end = window.from_to
    clock = local.time()
    today, yesterday = WEEKDAYS[local.weekday()], WEEKDAYS[(local - timedelta(days=1)).weekday()]
    if begin < end:
        return begin <= clock < end and today in window.weekdays
    return (clock >= begin and today in window.weekdays) or (clock < end and yesterday in window.weekdays)


def _one_of(column: str, values: frozenset[Any]) -> Check:
    return lambda event: event[column] in values


def _from(sources: Sequence[str]) -> Check:
    ranges = [range_of(source) for source in sources]

    def check(event: Columns) -> bool:
        key = key_of(event["source_ip"])
        return any(key in one for one in ranges)

    return check


def _at(windows: Sequence[TimeWindow]) -> Check:
    return lambda event: any(covers(window, event["time"]) for window in windows)
