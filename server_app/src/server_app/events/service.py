"""Storing events: each exactly once, whatever is sent how often and by how many requests at the same time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from sensor_wire.v1.event import BatchResult, ItemResult, ItemStatus
from server_app.db import Database
from server_app.errors import Forbidden
from server_app.event_filters import active
from server_app.event_filters.matcher import first_match
from server_app.events import store
from server_app.events.ingest import Accepted, Rejected, read_item

LOG = structlog.get_logger(__name__)


def record(database: Database, sensor_id: int, items: Sequence[Any], now: datetime) -> BatchResult:
    """Store a batch in one transaction, with sessions and counts.

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
    return record_read(database, sensor_id, [read_item(item) for item in items], now)


def record_read(database: Database, sensor_id: int, read: Sequence[Accepted | Rejected], now: datetime) -> BatchResult:
    """The same, of items that have been read.

    Raises:
        Forbidden: the sensor has been removed meanwhile.
    """
    accepted = {item.uuid: item.columns for item in read if isinstance(item, Accepted)}
    stored: set[UUID] = set()
    if accepted:
        with database.writing() as session:
            division_id = store.locked_division(session, sensor_id)
            if division_id is None:
                raise Forbidden("This sensor has been removed from the server.")
            stored = accepted.keys() - store.known(session, sensor_id, accepted.keys())
            matchers = active.matchers(session, division_id, now)
            fresh = [
                columns | {"hidden_by": first_match(matchers, columns | {"sensor_id": sensor_id})}
                for uuid, columns in accepted.items()
                if uuid in stored
            ]
            if fresh:
                store.insert(session, sensor_id, division_id, fresh, now)
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
