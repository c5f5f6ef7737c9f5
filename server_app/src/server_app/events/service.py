"""Storing events: each exactly once, whatever is sent how often and by how many requests at the same time."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from sensor_wire.v1.event import BatchResult, ItemResult, ItemStatus
from server_app.combining import Combiner
from server_app.db import Database
from server_app.errors import Forbidden
from server_app.event_filters import active
from server_app.event_filters.matcher import Matcher, first_match
from server_app.events import store
from server_app.events.ingest import Accepted, Rejected, read_item
from server_app.events.store import Upload

AT_ONCE = 500
"""Events in one transaction, unless one upload alone has more."""
LOG = structlog.get_logger(__name__)


class Intake:
    """Takes uploads, those of a moment in one transaction: committing costs more than storing an event."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._combiner = Combiner(self._store, lambda upload: len(upload.events), AT_ONCE)

    def record(self, sensor_id: int, items: Sequence[Any], now: datetime) -> BatchResult:
        """Store a batch, with sessions and counts; all of it or, on any fault, nothing.

        Args:
            sensor_id: whose events they are, by its certificate.
            items: what JSON gave, each of any shape; at most `MAX_BATCH_ITEMS`.
            now: the time of arrival.

        Returns:
            One result for each item, in their order. A malformed one is rejected and keeps none of the others back.

        Raises:
            Forbidden: the sensor has been removed meanwhile.
        """
        return self.record_read(sensor_id, [read_item(item) for item in items], now)

    def record_read(self, sensor_id: int, read: Sequence[Accepted | Rejected], now: datetime) -> BatchResult:
        """The same, of items that have been read.

        Raises:
            Forbidden: the sensor has been removed meanwhile.
        """
        accepted = {item.uuid: item.columns for item in read if isinstance(item, Accepted)}
        stored = self._combiner.run(Upload(sensor_id, accepted, now)) if accepted else set()
        return BatchResult(results=_results(sensor_id, read, stored))

    def _store(self, uploads: Sequence[Upload]) -> list[set[UUID]]:
        with self._database.writing() as session:
            connection = session.connection()
            divisions = store.locked_divisions(connection, {upload.sensor_id for upload in uploads})
            if any(upload.sensor_id not in divisions for upload in uploads):
                raise Forbidden("This sensor has been removed from the server.")
            known, filters = store.known(connection, uploads), active.matchers(session)
            stored: list[set[UUID]] = []
            fresh: list[dict[str, Any]] = []
            for upload in uploads:
                new = {uuid for uuid in upload.events if (upload.sensor_id, uuid) not in known}
                known |= {(upload.sensor_id, uuid) for uuid in new}
                stored.append(new)
                fresh += _rows(upload, new, divisions[upload.sensor_id], filters)
            if fresh:
                store.insert(connection, fresh)
        return stored


def _rows(upload: Upload, new: set[UUID], division_id: int, filters: Sequence[Matcher]) -> Iterator[dict[str, Any]]:
    matchers = [one for one in filters if one.holds_for(division_id, upload.received_at)]
    place = {"sensor_id": upload.sensor_id, "division_id": division_id, "received_at": upload.received_at}
    for uuid, columns in upload.events.items():
        if uuid in new:
            row = columns | place
            row["hidden_by"] = first_match(matchers, row)
            yield row


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
