"""The statements that store a batch."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import Session

from server_app.event_filters.models import EventFilterHits
from server_app.events.columns import Shelf
from server_app.events.counts import counted, hits
from server_app.events.models import Event, EventCount, EventSession, EventTarget, SessionStatus
from server_app.events.ranks import KINDS
from server_app.events.rollup import COLUMNS, FIRST_COLUMNS, merged, rollup_of
from server_app.events.rows import BulkInsert, Insert
from server_app.sensors.models import Sensor

type Columns = dict[str, Any]


def locked_division(session: Session, sensor_id: int) -> int | None:
    """The division of a sensor, None without such a sensor. One batch of a sensor at a time gets past this."""
    return session.scalar(select(Sensor.division_id).where(Sensor.id == sensor_id).with_for_update(key_share=True))


def known(session: Session, sensor_id: int, uuids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that are stored. With the sensor locked, no other batch stores one meanwhile."""
    return set(session.scalars(select(Event.uuid).where(Event.sensor_id == sensor_id, Event.uuid.in_(uuids))))


def insert(session: Session, sensor_id: int, division_id: int, events: Sequence[Columns], now: datetime) -> None:
    """Store events that are not there, and what their sessions and the counts gain by them."""
    place = {"sensor_id": sensor_id, "division_id": division_id}
    numbers = _roll_up(session, place, events)
    EVENTS.run(session, [{**row, **place, "session_id": numbers[row["session"]], "received_at": now} for row in events])
    classes, targets = counted(row for row in events if row["hidden_by"] is None)
    COUNTS.run(session, [row | place for row in classes])
    TARGETS.run(session, [row | place for row in targets])
    HITS.run(session, [row | place for row in hits(events)])


def _roll_up(session: Session, place: Columns, events: Sequence[Columns]) -> dict[str, int]:
    by_session: defaultdict[str, list[Columns]] = defaultdict(list)
    for columns in events:
        by_session[columns["session"]].append(columns)
    fresh = {"status": SessionStatus.NEW.value, "comment": ""}
    rows = [
        {"session": name, **place, **fresh, **merged(map(rollup_of, part)).columns()}
        for name, part in sorted(by_session.items())
    ]
    return {row.session: row.id for row in SESSIONS.run(session, rows)}


def _merge_session(insert: Insert) -> Insert:
    """The same as `rollup.merged`, of the row that is there and the one that comes."""
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
        # What was hidden is shown once something comes that no filter hides; the archive stays the archive.
        "shelf": case((there.shelf == Shelf.HIDDEN, come.shelf), else_=there.shelf),
    }
    values |= {name: case((earlier, come[name]), else_=getattr(there, name)) for name in FIRST_COLUMNS}
    values |= {
        name: case((speaks, come[name]), else_=getattr(there, name))
        for name in ("summary", "summary_rank", "summary_time")
    }
    return insert.on_conflict_do_update(index_elements=["session", "sensor_id"], set_=values)


def _kind_rank(kind: Any) -> ColumnElement[int]:
    return case({name.value: rank for rank, name in enumerate(KINDS)}, value=kind)


def _add_count(model: type[EventCount | EventTarget | EventFilterHits]) -> Any:
    key = [column.name for column in model.__table__.primary_key]

    def conflict(insert: Insert) -> Insert:
        total = model.events + insert.excluded.events
        return insert.on_conflict_do_update(index_elements=key, set_={"events": total})

    return BulkInsert(model, [*key, "events"], conflict)


PLACE = ("sensor_id", "division_id")
EVENTS = BulkInsert(
    Event,
    [
        *PLACE,
        *("session_id", "uuid", "time", "received_at", "service", "source_ip", "source_port", "destination_ip"),
        *("destination_port", "protocol", "kind", "severity", "summary", "details", "packets", "truncated"),
        "hidden_by",
    ],
)
SESSIONS = BulkInsert(
    EventSession,
    ["session", *PLACE, *COLUMNS, *FIRST_COLUMNS, "status", "comment"],
    _merge_session,
    returning=["id", "session"],
)
COUNTS: BulkInsert = _add_count(EventCount)
TARGETS: BulkInsert = _add_count(EventTarget)
HITS: BulkInsert = _add_count(EventFilterHits)
