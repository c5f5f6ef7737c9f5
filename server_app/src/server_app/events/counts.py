"""What a batch adds to the counts. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

HOUR, DAY = 1, 24
NO_PORT = 0

type Columns = dict[str, Any]


def counted(events: Iterable[Columns]) -> tuple[list[Columns], list[Columns]]:
    """The rows to add to `event_counts` and `event_targets`, in the order of their keys, without sensor and division.

    Args:
        events: columns of the events that nothing hides.
    """
    classes: Counter[tuple[int, datetime, str, str, int]] = Counter()
    targets: Counter[tuple[datetime, str, str, int]] = Counter()
    for event in events:
        hour = hour_of(event["time"])
        day = day_of(hour)
        named = event["service"], event["kind"], event["severity"]
        classes[HOUR, hour, *named] += 1
        classes[DAY, day, *named] += 1
        targets[day, event["source_ip"], event["protocol"], event["destination_port"] or NO_PORT] += 1
    return (
        [
            {"span": span, "start": start, "service": service, "kind": kind, "severity": severity, "events": count}
            for (span, start, service, kind, severity), count in sorted(classes.items())
        ],
        [
            {"start": start, "source_ip": source, "protocol": protocol, "port": port, "events": count}
            for (start, source, protocol, port), count in sorted(targets.items())
        ],
    )


def hits(events: Iterable[Columns]) -> list[Columns]:
    """The rows to add to `event_filter_hits`, in the order of their keys, without sensor."""
    found = Counter((row["hidden_by"], hour_of(row["time"])) for row in events if row["hidden_by"] is not None)
    return [{"filter_id": number, "start": start, "events": count} for (number, start), count in sorted(found.items())]


def hour_of(moment: datetime) -> datetime:
    """The beginning of its hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    """The beginning of its day, in its own time zone (here always UTC)."""
    return hour_of(moment) - timedelta(hours=moment.hour)
