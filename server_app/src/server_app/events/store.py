"""The statements that store uploads. What they write is told apart by the sensor, whose row they lock first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import sqlite

from server_app.direct import Direct
from server_app.event_filters.active import VERSION, Version
from server_app.event_filters.models import EventFilterHits
from server_app.events.columns import Shelf
from server_app.events.counts import hits
from server_app.events.models import Event, EventSession
from server_app.events.ranks import KINDS
from server_app.events.rollup import FIRST_COLUMNS, SESSION_COLUMNS, row_of_session
from server_app.events.rows import BulkInsert, Insert
from server_app.events.words import MAX_KEPT
from server_app.pki.client_cert import Proof
from server_app.pki.models import Certificate
from server_app.pki.standing import Standing
from server_app.sensors.models import Sensor

type Columns = dict[str, Any]
_HIDDEN: ColumnElement[int] = literal_column(str(int(Shelf.HIDDEN)))


@dataclass(frozen=True)
class Upload:
    """What one request brings: events of a sensor as columns, by their ids, and what it proved to be."""

    proof: Proof
    events: dict[UUID, Columns]
    received_at: datetime

    @property
    def sensor_id(self) -> int:
        """Whose events they are."""
        return self.proof.sensor_id


class Sender(NamedTuple):
    """A sensor that uploads: its certificate and its division, and of which state the event filters are."""

    standing: Standing
    division_id: int
    filters: Version


def senders(connection: Connection, uploads: Sequence[Upload]) -> dict[str, Sender]:
    """Who sends, by the fingerprint of the certificate, without those whose certificate or sensor is gone.

    One transaction at a time gets past this with a sensor.
    """
    fingerprints = sorted({upload.proof.fingerprint for upload in uploads})
    if connection.dialect.name == "postgresql":
        rows = _SENDERS.all(connection, {"fingerprints": f"{{{','.join(fingerprints)}}}"})
    else:
        rows = [tuple(row) for row in connection.execute(_senders(_FINGERPRINT.in_(fingerprints)))]
    return {row[0]: Sender(Standing(*row[1:-3]), row[-3], (row[-2], row[-1])) for row in rows}


def known(connection: Connection, uploads: Sequence[Upload]) -> set[tuple[int, UUID]]:
    """Which of the events are stored, as sensor and id. With the sensors locked, nobody stores one meanwhile."""
    wanted = [(upload.sensor_id, uuid) for upload in uploads for uuid in upload.events]
    if not wanted:
        return set()
    if connection.dialect.name != "postgresql":
        return {(row.sensor_id, row.uuid) for row in connection.execute(select(*_KEY).where(tuple_(*_KEY).in_(wanted)))}
    sensors, uuids = (f"{{{','.join(map(str, column))}}}" for column in zip(*wanted, strict=True))
    return {(sensor, uuid) for sensor, uuid in _KNOWN.all(connection, {"sensors": sensors, "uuids": uuids})}


def insert(connection: Connection, events: Sequence[Columns]) -> None:
    """Store events that are not there, and what their sessions and the hits of filters gain by them.

    Args:
        connection: in a transaction that has locked their sensors.
        events: columns of rows, but for the session's number; `session` names it instead.
    """
    numbers = _roll_up(connection, events)
    EVENTS.run(connection, [row | {"session_id": numbers[row["sensor_id"], row["session"]]} for row in events])
    HITS.run(connection, hits(events))


def _roll_up(connection: Connection, events: Sequence[Columns]) -> dict[tuple[int, str], int]:
    by_session: defaultdict[tuple[int, str], list[Columns]] = defaultdict(list)
    for columns in events:
        by_session[columns["sensor_id"], columns["session"]].append(columns)
    rows = [row_of_session(part) for _, part in sorted(by_session.items(), key=itemgetter(0))]
    return {(sensor_id, name): number for number, name, sensor_id in SESSIONS.run(connection, rows)}


def _merge_session(insert: Insert) -> Insert:
    """What `rollup.row_of_session` makes of all their events, from the row that is there and the one that comes."""
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


def _hits() -> BulkInsert:
    key = [column.name for column in EventFilterHits.__table__.primary_key]

    def conflict(insert: Insert) -> Insert:
        total = EventFilterHits.events + insert.excluded.events
        return insert.on_conflict_do_update(index_elements=key, set_={"events": total})

    return BulkInsert(EventFilterHits, [*key, "events"], conflict)


def _wanted() -> Any:
    # Arrays as text: the driver would take longer to send their elements.
    sensors = cast(bindparam("sensors", type_=Text), ARRAY(BigInteger))
    uuids = cast(bindparam("uuids", type_=Text), ARRAY(Uuid))
    names = column("sensor_id", BigInteger()), column("uuid", Uuid())
    return func.unnest(sensors, uuids).table_valued(*names, name="wanted").render_derived()


def _stored_of(wanted: Any) -> Select[*tuple[Any, ...]]:
    # One look into the index for each, whatever the planner knew of a table that was empty when it was asked: the
    # statement is prepared once. It would otherwise read all of the table, again and again.
    same = (_KEY[0] == wanted.c.sensor_id, _KEY[1] == wanted.c.uuid)
    one = (
        select(literal_column("1").label("one"))
        .where(*same)
        .limit(literal_column("1"))
        .correlate(wanted)
        .lateral("stored")
    )
    return select(wanted.c.sensor_id, wanted.c.uuid).join_from(wanted, one, literal_column("true"))


def _senders(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    sensors = Sensor.__table__.c
    certificate = [_CERTIFICATES[name] for name in Standing._fields]
    return (
        select(_FINGERPRINT, *certificate, sensors.division_id, *VERSION)
        .join_from(Certificate.__table__, Sensor.__table__, _CERTIFICATES.sensor_id == sensors.id)
        .where(which)
        .order_by(sensors.id)  # in one order, so that two transactions never wait for each other
        .with_for_update(key_share=True, of=Sensor.__table__)
    )


_KEY = Event.__table__.c.sensor_id, Event.__table__.c.uuid
_CERTIFICATES = Certificate.__table__.c
_FINGERPRINT = _CERTIFICATES.fingerprint
_SENDERS = Direct(_senders(any_(cast(bindparam("fingerprints", type_=Text), ARRAY(Text))) == _FINGERPRINT))
_WANTED = _wanted()
_KNOWN = Direct(_stored_of(_WANTED))
PLACE = ("sensor_id", "division_id")
EVENTS = BulkInsert(
    Event,
    [
        *PLACE,
        *("session_id", "uuid", "time", "received_at", "service", "source_ip", "source_port", "destination_ip"),
        *("destination_port", "protocol", "kind", "severity", "summary", "words", "details", "packets"),
        "truncated",
        "hidden_by",
    ],
)
SESSIONS = BulkInsert(
    EventSession,
    SESSION_COLUMNS,
    _merge_session,
    returning=["id", "session", "sensor_id"],
)
HITS = _hits()
