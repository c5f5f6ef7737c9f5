"""Brings spooled events to the server, at once while it answers, with growing patience while it does not."""

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from sensor_manager.plan.backoff import backoff_delay
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.spool.sender import Sender
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError

FIRST_DELAY = 1.0
MAX_DELAY = 300.0

log = structlog.get_logger(__name__)


class Uploader:
    """One thread that empties the spool.

    Args:
        store: the spool.
        connect: makes a client with the sensor's certificate; called again after each failure, so that a new
            certificate is used. Raises `ServerError` while the sensor is not enrolled.
    """

    def __init__(self, store: SpoolStore, connect: Callable[[], AbstractContextManager[ServerClient]]) -> None:
        self._connect = connect
        self._condition = threading.Condition()
        self._work = True
        self._retry_now = False
        self._stopping = False
        self._failures = 0
        self._sender = Sender(store)
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
            batch = self._sender.next_batch()
            if not batch:
                return
            with self._condition:
                self._work = True
            if self._sender.send(client, batch):
                self._failures = 0
