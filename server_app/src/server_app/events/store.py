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
    ColumnElement,
    Connection,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    select,
)

from server_app.direct import Direct
from server_app.event_filters.active import VERSION, Version
from server_app.event_filters.models import EventFilterHits
from server_app.events.counts import hits
from server_app.events.merging import merged
from server_app.events.models import Event, EventSession
from server_app.events.rollup import SESSION_COLUMNS, row_of_session
from server_app.events.rows import BulkInsert, Insert
from server_app.pki.client_cert import Proof
from server_app.pki.models import Certificate
from server_app.pki.standing import Standing
from server_app.sensors.models import Sensor

type Columns = dict[str, Any]


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


def _hits() -> BulkInsert:
    key = [column.name for column in EventFilterHits.__table__.primary_key]

    def conflict(insert: Insert) -> Insert:
        total = EventFilterHits.events + insert.excluded.events
        return insert.on_conflict_do_update(index_elements=key, set_={"events": total})

    return BulkInsert(EventFilterHits, [*key, "events"], conflict)


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


_CERTIFICATES = Certificate.__table__.c
_FINGERPRINT = _CERTIFICATES.fingerprint
_SENDERS = Direct(_senders(any_(cast(bindparam("fingerprints", type_=Text), ARRAY(Text))) == _FINGERPRINT))
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
    merged,
    returning=["id", "session", "sensor_id"],
)
HITS = _hits()
