"""What a batch adds to the hits of event filters. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

HIT_KEY = ("sensor_id", "filter_id", "start")

type Columns = dict[str, Any]


def hits(events: Iterable[Columns]) -> list[Columns]:
    """The rows to add to `event_filter_hits`, in the order of their keys."""
    hidden = (row for row in events if row["hidden_by"] is not None)
    place = itemgetter("sensor_id", "hidden_by")
    return _rows(HIT_KEY, Counter((*place(row), hour_of(row["time"])) for row in hidden))


def _rows(key: tuple[str, ...], found: Counter[tuple[Any, ...]]) -> list[Columns]:
    return [dict(zip(key, values, strict=True)) | {"events": count} for values, count in sorted(found.items())]


def hour_of(moment: datetime) -> datetime:
    """The beginning of its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    """The beginning of its day, in its own time zone (here always UTC)."""
    return hour_of(moment) - timedelta(hours=moment.hour)
