"""What a session's row says, from its events in whatever order they come. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from sensor_wire.v1.event import EventKind
from server_app.events.models import EventSession
from server_app.events.ranks import kind_rank, summary_rank


@dataclass(frozen=True)
class Rollup:
    """The columns of `event_sessions` that its events decide; `first` holds those of the earliest event."""

    first_time: datetime
    last_time: datetime
    events: int
    kind: str
    severity: int
    summary: str
    summary_rank: int
    summary_time: datetime
    first: dict[str, Any]


FIRST_COLUMNS = ("service", "protocol", "source_ip", "source_port", "destination_ip", "destination_port")


def rollup_of(event: dict[str, Any]) -> Rollup:
    """The rollup of one event, given as the columns of its row."""
    return Rollup(
        first_time=event["time"],
        last_time=event["time"],
        events=1,
        kind=event["kind"],
        severity=event["severity"],
        summary=event["summary"],
        summary_rank=summary_rank(event["severity"], EventKind(event["kind"])),
        summary_time=event["time"],
        first={name: event[name] for name in FIRST_COLUMNS},
    )


def rollup_of_row(row: EventSession) -> Rollup:
    """The rollup that is stored."""
    return Rollup(
        first_time=row.first_time,
        last_time=row.last_time,
        events=row.events,
        kind=row.kind,
        severity=row.severity,
        summary=row.summary,
        summary_rank=row.summary_rank,
        summary_time=row.summary_time,
        first={name: getattr(row, name) for name in FIRST_COLUMNS},
    )


def merged(rollups: Iterable[Rollup]) -> Rollup:
    """One rollup of several, the same in whatever order and grouping they are merged."""
    return reduce(_merge, rollups)


def write(rollup: Rollup, row: EventSession) -> None:
    """Put a rollup into its row."""
    for name in ("first_time", "last_time", "events", "kind", "severity", "summary", "summary_rank", "summary_time"):
        setattr(row, name, getattr(rollup, name))
    for name, value in rollup.first.items():
        setattr(row, name, value)


def _merge(one: Rollup, other: Rollup) -> Rollup:
    speaker = max(one, other, key=lambda rollup: (rollup.summary_rank, rollup.summary_time))
    return Rollup(
        first_time=min(one.first_time, other.first_time),
        last_time=max(one.last_time, other.last_time),
        events=one.events + other.events,
        kind=max(one.kind, other.kind, key=lambda kind: kind_rank(EventKind(kind))),
        severity=max(one.severity, other.severity),
        summary=speaker.summary,
        summary_rank=speaker.summary_rank,
        summary_time=speaker.summary_time,
        first=min(one, other, key=lambda rollup: rollup.first_time).first,
    )
