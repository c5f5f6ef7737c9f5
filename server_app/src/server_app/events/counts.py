"""What a batch adds to the counts. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

HOUR, DAY = 1, 24
NO_PORT = 0

CLASS_KEY = ("sensor_id", "division_id", "span", "start", "service", "kind", "severity")
TARGET_KEY = ("sensor_id", "division_id", "start", "source_ip", "protocol", "port")
HIT_KEY = ("sensor_id", "filter_id", "start")

type Columns = dict[str, Any]


def counted(events: Iterable[Columns]) -> tuple[list[Columns], list[Columns]]:
    """The rows to add to `event_counts` and `event_targets`, in the order of their keys.

    Args:
        events: columns of the events that nothing hides.
    """
    classes: Counter[tuple[Any, ...]] = Counter()
    targets: Counter[tuple[Any, ...]] = Counter()
    for event in events:
        hour = hour_of(event["time"])
        day = day_of(hour)
        place = event["sensor_id"], event["division_id"]
        named = event["service"], event["kind"], event["severity"]
        classes[*place, HOUR, hour, *named] += 1
        classes[*place, DAY, day, *named] += 1
        targets[*place, day, event["source_ip"], event["protocol"], event["destination_port"] or NO_PORT] += 1
    return _rows(CLASS_KEY, classes), _rows(TARGET_KEY, targets)


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
