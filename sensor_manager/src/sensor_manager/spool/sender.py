"""Batches of spooled events: how large they are, and what their outcome teaches."""

from collections.abc import Sequence

import structlog

from sensor_manager.plan.upload_pace import Pace, Verdict, faster, judge, slower
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.server.events import UploadFailedError, upload
from sensor_manager.spool.store import SpooledEvent, SpoolStore
from sensor_wire.v1.event import BatchResult, ItemStatus

MAX_SUSPECTS = 4
"""When more events than these break the server, it is the server that is broken."""
MAX_REASON = 256

log = structlog.get_logger(__name__)


class Sender:
    """Sends batch after batch, for one thread.

    Only events that the answer names are deleted: stored and duplicate ones. Rejected ones are set aside, whatever
    else is in their batch. A batch that is refused as a whole is followed by smaller ones until the bad event stands
    alone; one that breaks the server while others pass is set aside too.

    Args:
        store: the spool.
    """

    def __init__(self, store: SpoolStore) -> None:
        self._store = store
        self._pace = Pace()
        self._suspects: dict[int, bool] = {}  # by sequence number: whether others have passed since it failed

    def next_batch(self) -> list[SpooledEvent]:
        """Return the oldest events; suspects only, one at a time, when nothing else waits."""
        return self._store.oldest(self._pace.items, self._pace.bytes, without=self._suspects) or self._store.oldest(
            1, 1
        )

    def send(self, client: ServerClient, batch: Sequence[SpooledEvent]) -> bool:
        """Send a batch; returns whether it was taken, and raises when sending anything now is no use."""
        try:
            result = upload(client, [event.body for event in batch])
        except ServerError as error:
            ours = isinstance(error, UploadFailedError) and error.ours
            self._learn(batch, judge(error.status, ours=ours, items=len(batch)), error)
            return False
        self._settle(batch, result)
        self._pace = faster(self._pace, len(batch))
        self._suspects = {each: True for each in self._suspects if each != batch[0].sequence}
        return True

    def _learn(self, batch: Sequence[SpooledEvent], verdict: Verdict, error: ServerError) -> None:
        first = batch[0]
        if verdict in {Verdict.LESS, Verdict.LESS_LATER}:
            self._pace = slower(self._pace, len(batch))
        if verdict is Verdict.POISON or (verdict is Verdict.SUSPECT and self._suspects.get(first.sequence)):
            self._suspects.pop(first.sequence, None)
            self._set_aside(first, str(error))
        elif verdict is Verdict.SUSPECT and first.sequence not in self._suspects and len(self._suspects) < MAX_SUSPECTS:
            self._suspects[first.sequence] = False
            log.warning("event may break the server, others go first", event_id=first.id, reason=str(error))
        elif verdict is not Verdict.LESS:
            self._suspects.clear()
            raise error

    def _settle(self, batch: Sequence[SpooledEvent], result: BatchResult) -> None:
        done: list[SpooledEvent] = []
        rejected: list[tuple[SpooledEvent, str]] = []
        for item in result.results:
            if item.index >= len(batch):
                continue
            event = batch[item.index]
            if item.status is ItemStatus.REJECTED:
                rejected.append((event, item.reason or "no reason given"))
            elif item.id is not None and str(item.id) == event.id:
                done.append(event)
        self._store.forget(done)
        for event, reason in rejected:
            self._set_aside(event, reason)
        if not done and not rejected:
            raise ServerError("the answer names none of the events that were sent; they are sent again")

    def _set_aside(self, event: SpooledEvent, reason: str) -> None:
        self._store.set_aside(event, reason[:MAX_REASON])
        log.warning("event set aside", event_id=event.id, reason=reason)
