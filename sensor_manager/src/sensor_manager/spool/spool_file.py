"""The spool's file in use: transactions, and what is done when its disk fails or is full."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from sensor_manager.spool.ballast import Ballast
from sensor_manager.spool.database import DAMAGED, open_spool, primary_code
from sensor_manager.spool.schema import free_bytes, widen_log

REOPEN_AFTER = DAMAGED | {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}

log = structlog.get_logger(__name__)

type Change[T] = Callable[[sqlite3.Connection], T]
"""Works on the open transaction."""


class SpoolFile:
    """For one thread. Opened when it is needed, and anew after an error of the disk; replaced when it is damaged.

    Args:
        path: the database file; its folder must exist.
        ballast: room for changes that delete.
    """

    def __init__(self, path: Path, ballast: Ballast) -> None:
        self._path = path
        self._ballast = ballast
        self._suspicious = False
        self._connection: sqlite3.Connection | None = None

    def transact[T](self, changes: Sequence[Change[T]]) -> list[T]:
        """Run the changes as one transaction; returns their results after the commit.

        Raises:
            sqlite3.Error: the disk is full or failing; see `repair`.
            OSError: the same.
        """
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        results = [change(connection) for change in changes]
        connection.execute("COMMIT")
        return results

    def has_room_inside(self) -> bool:
        """Tell whether events that are gone have left enough of the file empty to take new ones without the disk."""
        try:
            return free_bytes(self._opened()) >= self._ballast.size
        except (sqlite3.Error, OSError):
            return False

    def repair(self, error: Exception) -> None:
        """Leave the spool so that the next change has the best chance."""
        code = primary_code(error) if isinstance(error, sqlite3.Error) else None
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            code = sqlite3.SQLITE_IOERR
        if code in REOPEN_AFTER:
            self._suspicious = code in DAMAGED
            self.close()
        if code == sqlite3.SQLITE_FULL or (not self._ballast.given_up and self._ballast.needed()):
            self._make_room(error)

    def close(self) -> None:
        """Close it; the next transaction opens it again."""
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        except sqlite3.Error as error:
            log.warning("spool not closed", path=str(self._path), reason=str(error))

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_spool(self._path, thorough=self._suspicious)
            self._suspicious = False
            try:
                widen_log(self._connection, self._ballast.room)
            except sqlite3.Error as error:
                log.warning("no room for the spool's log", path=str(self._path), reason=str(error))
                self._make_room(error)
        return self._connection

    def _make_room(self, error: Exception) -> None:
        """Give up the ballast, and use its room at once to bring the log into the file, so that it starts anew."""
        try:
            self._ballast.give_up()
            if self._connection is not None:
                self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        except (sqlite3.Error, OSError) as second:
            log.warning("no room made", path=str(self._path), reason=str(second), before=str(error))
