"""Brings spooled events to the server, at once while it answers, with growing patience while it does not."""

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import structlog

from sensor_manager.plan.backoff import backoff_delay
from sensor_manager.plan.upload_pace import Pace, Verdict, faster, judge, slower
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.server.events import UploadFailedError, upload
from sensor_manager.spool.store import SpooledEvent, SpoolStore, SpoolUnavailableError
from sensor_wire.v1.event import BatchResult, ItemStatus

FIRST_DELAY = 1.0
MAX_DELAY = 300.0
MAX_SUSPECTS = 4
"""When more events than these break the server, it is the server that is broken."""
MAX_REASON = 256

log = structlog.get_logger(__name__)


class Uploader:
    """One thread that empties the spool.

    Only events that the answer names are deleted: stored and duplicate ones. Rejected ones are set aside, whatever
    else is in their batch. A batch that is refused as a whole is followed by smaller ones until the bad event stands
    alone; one that breaks the server while others pass is set aside too.

    Args:
        store: the spool.
        connect: makes a client with the sensor's certificate; called again after each failure, so that a new
            certificate is used. Raises `ServerError` while the sensor is not enrolled.
    """

    def __init__(self, store: SpoolStore, connect: Callable[[], AbstractContextManager[ServerClient]]) -> None:
        self._store = store
        self._connect = connect
        self._condition = threading.Condition()
        self._work = True
        self._retry_now = False
        self._stopping = False
        self._failures = 0
        self._pace = Pace()
        self._suspects: dict[int, bool] = {}  # by sequence number: whether others have passed since it failed
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def wake(self) -> None:
        """Look for new events; a pending back-off is kept."""
        with self._condition:
            self._work = True
            self._condition.notify()

    def server_is_back(self) -> None:
        """End a back-off at once: the server has answered something else."""
        with self._condition:
            self._retry_now = self._failures > 0
            self._condition.notify()

    def stop(self) -> None:
        """End the thread after the request that is under way."""
        with self._condition:
            self._stopping = True
            self._condition.notify()

    def join(self, timeout: float) -> None:
        """Wait for the thread's end, at most so many seconds."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while self._wait():
            try:
                with self._connect() as client:
                    self._drain(client)
            except (ServerError, SpoolUnavailableError) as error:
                self._note_failure()
                log.warning("events wait on the sensor", failures=self._failures, reason=str(error))
            except Exception:
                self._note_failure()
                log.exception("uploading failed, events wait on the sensor", failures=self._failures)

    def _note_failure(self) -> None:
        with self._condition:
            self._failures += 1
            self._work = True

    def _wait(self) -> bool:
        """Wait for work, and after failures for the back-off to pass; False means to end."""
        delay = backoff_delay(self._failures, first=FIRST_DELAY, cap=MAX_DELAY, jitter=random.random())
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or self._retry_now, timeout=delay)
            self._condition.wait_for(lambda: self._stopping or self._work)
            self._retry_now = False
            return not self._stopping

    def _drain(self, client: ServerClient) -> None:
        while not self._stopping:
            with self._condition:
                self._work = False
            batch = self._next_batch()
            if not batch:
                return
            with self._condition:
                self._work = True
            if self._send(client, batch):
                self._failures = 0

    def _next_batch(self) -> list[SpooledEvent]:
        """Return the oldest events; suspects only, one at a time, when nothing else waits."""
        return self._store.oldest(self._pace.items, self._pace.bytes, without=self._suspects) or self._store.oldest(
            1, 1
        )

    def _send(self, client: ServerClient, batch: Sequence[SpooledEvent]) -> bool:
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
