"""Storing events: each exactly once, whatever is sent how often and by how many requests at the same time."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from sensor_wire.v1.event import BatchResult, ItemResult, ItemStatus
from server_app.db import Database, upsert
from server_app.errors import Forbidden
from server_app.events.ingest import Accepted, Rejected, read_item
from server_app.events.models import Event, EventSession
from server_app.events.rollup import merged, rollup_of, rollup_of_row, write
from server_app.sensors.models import Sensor

LOG = structlog.get_logger(__name__)


def record(database: Database, sensor_id: int, items: Sequence[Any], now: datetime) -> BatchResult:
    """Store a batch in one transaction, events and rollups alike.

    Args:
        database: where to store.
        sensor_id: whose events they are, by its certificate.
        items: what JSON gave, each of any shape; at most `MAX_BATCH_ITEMS`.
        now: the time of arrival.

    Returns:
        One result for each item, in their order. A malformed one is rejected and keeps none of the others back.

    Raises:
        Forbidden: the sensor has been removed meanwhile.
    """
    read = [read_item(item) for item in items]
    accepted = {item.uuid: item.columns for item in read if isinstance(item, Accepted)}
    stored: set[UUID] = set()
    if accepted:
        with database.writing() as session:
            _lock_sensor(session, sensor_id)
            stored = _insert(session, sensor_id, list(accepted.values()), now)
            _roll_up(session, sensor_id, [columns for uuid, columns in accepted.items() if uuid in stored])
    return BatchResult(results=_results(sensor_id, read, stored))


def _results(sensor_id: int, read: Sequence[Accepted | Rejected], stored: set[UUID]) -> list[ItemResult]:
    results = []
    fresh = set(stored)
    for index, item in enumerate(read):
        if isinstance(item, Rejected):
            LOG.warning("event_rejected", sensor=sensor_id, index=index, id=str(item.uuid), reason=item.reason)
            results.append(ItemResult(index=index, id=item.uuid, status=ItemStatus.REJECTED, reason=item.reason))
            continue
        status = ItemStatus.STORED if item.uuid in fresh else ItemStatus.DUPLICATE
        fresh.discard(item.uuid)  # the same event a second time within the batch
        results.append(ItemResult(index=index, id=item.uuid, status=status))
    return results


def _lock_sensor(session: Session, sensor_id: int) -> None:
    # One batch of a sensor at a time: rollups are read, merged and written back.
    query = select(Sensor.id).where(Sensor.id == sensor_id).with_for_update(key_share=True)
    if session.scalar(query) is None:
        raise Forbidden("This sensor has been removed from the server.")


def _insert(session: Session, sensor_id: int, rows: list[dict[str, Any]], now: datetime) -> set[UUID]:
    statement = (
        upsert(session, Event)
        .values([{**row, "sensor_id": sensor_id, "received_at": now} for row in rows])
        .on_conflict_do_nothing(index_elements=[Event.sensor_id, Event.uuid])
        .returning(Event.uuid)
    )
    return set(session.scalars(statement))


def _roll_up(session: Session, sensor_id: int, rows: list[dict[str, Any]]) -> None:
    by_session: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for columns in rows:
        by_session[columns["session"]].append(columns)
    query = select(EventSession).where(EventSession.sensor_id == sensor_id, EventSession.session.in_(by_session))
    known = {row.session: row for row in session.scalars(query)}
    for name, events in by_session.items():
        row = known.get(name)
        earlier = [] if row is None else [rollup_of_row(row)]
        if row is None:
            row = EventSession(sensor_id=sensor_id, session=name)
            session.add(row)
        write(merged([*earlier, *map(rollup_of, events)]), row)
