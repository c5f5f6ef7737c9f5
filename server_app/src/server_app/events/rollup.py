"""What a session's row says, from its events in whatever order they come. Pure."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sensor_wire.v1.event import EventKind
from server_app.events.columns import Shelf
from server_app.events.models import SessionStatus
from server_app.events.ranks import kind_rank, summary_rank
from server_app.events.words import all_words

type Columns = dict[str, Any]
PLACE = ("session", "sensor_id", "division_id")
FIRST_COLUMNS = ("service", "protocol", "source_ip", "source_port", "destination_ip", "destination_port")
"""What the earliest event decides."""
SESSION_COLUMNS = (
    *PLACE,
    *FIRST_COLUMNS,
    *("first_time", "last_time", "events", "kind", "severity", "summary", "summary_rank", "summary_time"),
    *("words", "shelf", "status", "comment"),
)


def row_of_session(events: Sequence[Columns]) -> Columns:
    """The columns of a row of `event_sessions`, as if these were all of its events.

    Args:
        events: at least one, all of one session, as the columns of their rows.
    """
    first = min(events, key=itemgetter("time"))
    speaker = max(events, key=_speaks)
    return {
        **{name: first[name] for name in PLACE + FIRST_COLUMNS},
        "first_time": first["time"],
        "last_time": max(event["time"] for event in events),
        "events": len(events),
        "kind": max((event["kind"] for event in events), key=_kind_rank),
        "severity": max(event["severity"] for event in events),
        "summary": speaker["summary"],
        "summary_rank": _speaks(speaker)[0],
        "summary_time": speaker["time"],
        "words": all_words(event["words"] for event in events),
        "shelf": Shelf.HIDDEN if all(event["hidden_by"] is not None for event in events) else Shelf.LIVE,
        "status": SessionStatus.NEW.value,
        "comment": "",
    }


def _speaks(event: Columns) -> tuple[int, datetime]:
    return summary_rank(event["severity"], EventKind(event["kind"])), event["time"]


def _kind_rank(kind: str) -> int:
    return kind_rank(EventKind(kind))
