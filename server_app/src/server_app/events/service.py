"""Storing events: each exactly once, whatever is sent how often and by how many requests at the same time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from sensor_wire.v1.event import BatchResult, ItemResult, ItemStatus
from server_app.combining import Combiner
from server_app.db import Database
from server_app.event_filters import active
from server_app.event_filters.matcher import Matcher, first_match
from server_app.events import store
from server_app.events.ingest import Accepted, Rejected, read_item
from server_app.events.known import known_of
from server_app.events.store import Sender, Upload
from server_app.pki import service as certificates
from server_app.pki.client_cert import Proof
from server_app.pki.standing import require_active

AT_ONCE = 500
"""Events in one transaction, unless one upload alone has more."""
LOG = structlog.get_logger(__name__)


class Intake:
    """Takes uploads, those of a moment in one transaction: committing costs more than storing an event."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._combiner = Combiner(self._store, lambda upload: len(upload.events), AT_ONCE)

    def record(self, proof: Proof, items: Sequence[Any], now: datetime) -> BatchResult:
        """Store a batch, with sessions and counts; all of it or, on any fault, nothing.

        Args:
            proof: whose events they are, by its certificate, of which the state is looked at here.
            items: what JSON gave, each of any shape; at most `MAX_BATCH_ITEMS`.
            now: the time of arrival.

        Returns:
            One result for each item, in their order. A malformed one is rejected and keeps none of the others back.

        Raises:
            Forbidden: the certificate has been revoked or replaced, or its sensor is gone.
        """
        return self.record_read(proof, [read_item(item) for item in items], now)

    def record_read(self, proof: Proof, read: Sequence[Accepted | Rejected], now: datetime) -> BatchResult:
        """The same, of items that have been read.

        Raises:
            Forbidden: as above.
        """
        statuses = iter(self.store(proof, [item for item in read if isinstance(item, Accepted)], now))
        return BatchResult(results=[_result(proof.sensor_id, *one, statuses) for one in enumerate(read)])

    def store(self, proof: Proof, items: Sequence[Accepted], now: datetime) -> list[ItemStatus]:
        """The same, of items that are all sound; what became of each.

        Raises:
            Forbidden: as above.
        """
        fresh = set(self._combiner.run(Upload(proof, {item.uuid: item.columns for item in items}, now)))
        statuses = []
        for item in items:
            statuses.append(ItemStatus.STORED if item.uuid in fresh else ItemStatus.DUPLICATE)
            fresh.discard(item.uuid)  # the same event a second time within the batch
        return statuses

    def _store(self, uploads: Sequence[Upload]) -> list[set[UUID]]:
        with self._database.storing() as connection:
            senders = store.senders(connection, uploads)
            for upload in uploads:
                _admit(connection, upload, senders)
            filters = active.matchers(connection, next(iter(senders.values())).filters)
            known = known_of(connection, [(upload.sensor_id, uuid) for upload in uploads for uuid in upload.events])
            stored: list[set[UUID]] = []
            fresh: list[dict[str, Any]] = []
            for upload in uploads:
                new = {uuid for uuid in upload.events if (upload.sensor_id, uuid) not in known}
                known |= {(upload.sensor_id, uuid) for uuid in new}
                stored.append(new)
                fresh += _rows(upload, new, senders[upload.proof.fingerprint].division_id, filters)
            if fresh:
                store.insert(connection, fresh)
        return stored


def _admit(connection: Connection, upload: Upload, senders: Mapping[str, Sender]) -> None:
    sender = senders.get(upload.proof.fingerprint)
    fresh = require_active(None if sender is None else sender.standing, upload.proof)
    if fresh is not None:
        with Session(connection) as session:
            certificates.note_first_use(session, fresh, upload.sensor_id, upload.received_at)


def _rows(upload: Upload, new: set[UUID], division_id: int, filters: Sequence[Matcher]) -> Iterator[dict[str, Any]]:
    matchers = [one for one in filters if one.holds_for(division_id, upload.received_at)]
    place = {"sensor_id": upload.sensor_id, "division_id": division_id, "received_at": upload.received_at}
    for uuid, columns in upload.events.items():
        if uuid in new:
            row = columns | place
            row["hidden_by"] = first_match(matchers, row)
            yield row


def _result(sensor_id: int, index: int, item: Accepted | Rejected, statuses: Iterator[ItemStatus]) -> ItemResult:
    if isinstance(item, Accepted):
        return ItemResult(index=index, id=item.uuid, status=next(statuses))
    LOG.warning("event_rejected", sensor=sensor_id, index=index, id=str(item.uuid), reason=item.reason)
    return ItemResult(index=index, id=item.uuid, status=ItemStatus.REJECTED, reason=item.reason)
