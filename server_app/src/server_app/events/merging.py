"""What becomes of a session's row when more of its events come: `rollup.row_of_session` of all of them, as SQL."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_
from sqlalchemy.dialects import sqlite

from server_app.events.columns import Shelf
from server_app.events.models import EventSession
from server_app.events.ranks import KINDS
from server_app.events.rollup import FIRST_COLUMNS
from server_app.events.rows import Insert
from server_app.events.words import MAX_KEPT

_HIDDEN: ColumnElement[int] = literal_column(str(int(Shelf.HIDDEN)))


def merged(insert: Insert) -> Insert:
    """An insert that makes one row of the one that is there and the one that comes."""
    come, there = insert.excluded, EventSession
    earlier = come.first_time < there.first_time
    speaks = or_(
        come.summary_rank > there.summary_rank,
        and_(come.summary_rank == there.summary_rank, come.summary_time > there.summary_time),
    )
    values: dict[str, ColumnElement[Any]] = {
        "first_time": case((earlier, come.first_time), else_=there.first_time),
        "last_time": case((come.last_time > there.last_time, come.last_time), else_=there.last_time),
        "events": there.events + come.events,
        "kind": case((_kind_rank(come.kind) > _kind_rank(there.kind), come.kind), else_=there.kind),
        "severity": case((come.severity > there.severity, come.severity), else_=there.severity),
        "words": _all_words(insert),
        # What was hidden is shown once something comes that no filter hides; the archive stays the archive.
        "shelf": case((there.shelf == _HIDDEN, come.shelf), else_=there.shelf),
    }
    values |= {name: case((earlier, come[name]), else_=getattr(there, name)) for name in FIRST_COLUMNS}
    values |= {
        name: case((speaks, come[name]), else_=getattr(there, name))
        for name in ("summary", "summary_rank", "summary_time")
    }
    return insert.on_conflict_do_update(index_elements=["session", "sensor_id"], set_=values)


def _all_words(insert: Insert) -> ColumnElement[str]:
    there, come = EventSession.words, insert.excluded.words
    if isinstance(insert, sqlite.Insert):
        return case((func.length(there) > MAX_KEPT, there), else_=there + " " + come)
    return func.event_all_words(there, come)


def _kind_rank(kind: Any) -> ColumnElement[int]:
    # Constants in the text: the driver parses a statement with many parameters, or of over 4 KB, anew each time.
    ranks: list[Any] = [
        (literal_column(f"'{name.value}'"), literal_column(str(rank))) for rank, name in enumerate(KINDS)
    ]
    return case(*ranks, value=kind)
