"""What a session's row says, from its events in whatever order they come. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from sensor_wire.v1.event import EventKind
from server_app.events.columns import Shelf
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
    shelf: Shelf
    first: dict[str, Any]

    def columns(self) -> dict[str, Any]:
        """As columns of the row."""
        return {name: getattr(self, name) for name in COLUMNS} | self.first


COLUMNS = (
    *("first_time", "last_time", "events", "kind", "severity", "summary", "summary_rank", "summary_time"),
    "shelf",
)
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
        shelf=Shelf.LIVE if event.get("hidden_by") is None else Shelf.HIDDEN,
        first={name: event[name] for name in FIRST_COLUMNS},
    )


def merged(rollups: Iterable[Rollup]) -> Rollup:
    """One rollup of several, the same in whatever order and grouping they are merged."""
    return reduce(_merge, rollups)


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
        shelf=min(one.shelf, other.shelf),
        first=min(one, other, key=lambda rollup: rollup.first_time).first,
    )
