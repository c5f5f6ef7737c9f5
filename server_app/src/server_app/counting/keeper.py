"""Keeps the totals up to date for as long as the worker runs."""

from threading import Event as Signal
from threading import Thread

import structlog

from server_app.counting import service
from server_app.db import Database

PAUSE = 5.0
"""Seconds between two looks. Whoever asks meanwhile counts what is not counted by himself."""
LONGEST_PAUSE = 60.0
STOP_SECONDS = 8.0
LOG = structlog.get_logger(__name__)


class Keeper:
    """A thread of the worker. Ingestion never waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stop = Signal()
        self._failures = 0
        self._thread = Thread(target=self._run, name="counting", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the piece that is being counted."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(min(PAUSE * 2 ** min(self._failures, 10), LONGEST_PAUSE)):
            try:
                while service.count_next(self._database) and not self._stop.is_set():
                    pass
                self._failures = 0
            except Exception:  # whatever it is, the next attempt may find it gone
                self._failures += 1
                LOG.exception("counting_stumbled")
