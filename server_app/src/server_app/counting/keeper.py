"""Keeps the totals up to date for as long as the worker runs."""

from server_app.counting import service
from server_app.db import Database, now
from server_app.thread_loop import ThreadLoop

PAUSE = 5.0
"""Seconds between two looks. Whoever asks meanwhile counts what is not counted by himself."""


class Keeper:
    """A thread of the worker. Ingestion never waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loop = ThreadLoop("counting", self._count, PAUSE)
        self.start, self.stop = self._loop.start, self._loop.stop

    def _count(self) -> bool:
        while service.count_next(self._database) and not self._loop.ending:
            pass
        service.complete_weeks(self._database, now())
        return True
