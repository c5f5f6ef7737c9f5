"""What events add to the totals. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from server_app.counting.models import Picture
from server_app.events.addresses import MAPPED
from server_app.events.counts import day_of, hour_of

HOUR, DAY, WEEK = 1, 24, 168
DAILY = frozenset({Picture.SOURCE, Picture.PORT})
"""Pictures of so many keys that days are short enough."""


class Fact(NamedTuple):
    """What is counted of an event; `source` is the address's key of 16 bytes, `port` None for a protocol without."""

    division: int
    sensor: int
    time: datetime
    service: str
    kind: str
    severity: int
    source: bytes
    protocol: str
    port: int | None


class Place(NamedTuple):
    """The row that something is counted in."""

    picture: int
    division_id: int
    sensor_id: int
    span: int
    start: datetime
    key: str


def keys_of(fact: Fact) -> tuple[str, ...]:
    """What an event is counted as in each picture, in the order of `Picture`."""
    port = f"{fact.protocol}:{fact.port or 0}"
    return "", fact.service, fact.kind, str(fact.severity), str(fact.sensor), source_key(fact.source), port


@lru_cache(maxsize=4096)
def source_key(source: bytes) -> str:
    """An address as the totals name it: in hexadecimal, 8 digits for IPv4, else 32."""
    return source[12:].hex() if source.startswith(MAPPED) else source.hex()


def source_of(key: str) -> bytes:
    """The address of such a name."""
    short = bytes.fromhex(key)
    return short if len(short) > 4 else MAPPED + short  # noqa: PLR2004 - bytes of an IPv4 address


def week_of(moment: datetime) -> datetime:
    """The beginning of its week, a Monday."""
    return day_of(moment) - timedelta(days=moment.weekday())


def increments(facts: Iterable[Fact], weeks: datetime) -> Counter[Place]:
    """The rows to add to `event_totals`, and how much to each.

    Args:
        facts: the events.
        weeks: weeks that begin before this have totals; those of others are made of their days when they are over.
    """
    # By sensor and hour first: of many events there, each of the many rows they are counted in is touched once.
    local: Counter[tuple[int, str, int, int, datetime]] = Counter()
    for fact in facts:
        hour = hour_of(fact.time)
        for picture, key in enumerate(keys_of(fact)):
            local[picture, key, fact.division, fact.sensor, hour] += 1
    found: Counter[Place] = Counter()
    for (picture, key, division, sensor, hour), count in local.items():
        starts = _starts(hour, picture not in DAILY, hour < weeks)
        for span, start in starts:
            found[Place(picture, 0, 0, span, start, key)] += count
            found[Place(picture, division, 0, span, start, key)] += count
            if picture != Picture.SENSOR:  # the sensor itself: that is the total
                found[Place(picture, division, sensor, span, start, key)] += count
    return found


def rows_of(found: Counter[Place]) -> Iterator[dict[str, object]]:
    """Rows of `event_totals`."""
    return (dict(zip(_COLUMNS, (*place, count), strict=True)) for place, count in found.items())


_COLUMNS = (*Place._fields, "events")


@lru_cache(maxsize=1024)
def _starts(hour: datetime, hourly: bool, weekly: bool) -> list[tuple[int, datetime]]:  # noqa: FBT001 - keys of the cache
    hours = [(HOUR, hour)] if hourly else []
    weeks = [(WEEK, week_of(hour))] if weekly else []
    return [*hours, (DAY, day_of(hour)), *weeks]
