"""The one thread that touches the spool's file, and brings what has gathered to disk as one transaction."""

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

import structlog

from sensor_manager.spool.ballast import Ballast
from sensor_manager.spool.database import DAMAGED, open_spool, primary_code
from sensor_manager.spool.schema import free_bytes, widen_log

MAX_GROUP = 256
REOPEN_AFTER = DAMAGED | {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
DISK_FULL = "the disk is full"

log = structlog.get_logger(__name__)

type Change[T] = Callable[[sqlite3.Connection], T]


class SpoolUnavailableError(Exception):
    """The event could not be brought to disk; nothing is lost, the honeypot keeps it and tries again."""


class _Item:
    """A change, whether it takes room, and who waits for its outcome."""

    def __init__(self, change: Change[object], *, adds: bool) -> None:
        self.change = change
        self.adds = adds
        self.future: Future[object] = Future()


class Writer:
    """Runs changes in the order they come; each caller hears of the outcome only after the commit.

    Changes that come together are committed together. When that fails each is tried alone, so that none fails for
    another's sake. After an error of the disk the file is opened anew, and replaced when it turns out to be damaged.

    Args:
        path: the database file; its folder must exist.
        ballast: room for changes that delete.
    """

    def __init__(self, path: Path, ballast: Ballast) -> None:
        self._path = path
        self._ballast = ballast
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closed = False
        self._suspicious = False
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._loop, name="spool-writer", daemon=True)
        opening = _Item(lambda _: None, adds=False)
        self._queue.put(opening)
        self._thread.start()
        error = opening.future.exception()
        if error is not None and not path.parent.is_dir():
            self.close()
            raise SpoolUnavailableError(f"the spool {path} cannot be opened ({error}); check the state folder")

    def run[T](self, change: Change[T], *, adds: bool = False) -> T:
        """Run the change and return its result after the commit.

        Args:
            change: works on the open transaction.
            adds: it takes room; refused while the disk is full.

        Raises:
            SpoolUnavailableError: the disk is full or failing, or the spool is closed.
        """
        if self._closed:
            raise SpoolUnavailableError(f"the spool {self._path} is closed; the manager is stopping")
        item = _Item(change, adds=adds)
        self._queue.put(item)
        try:
            return item.future.result()  # type: ignore[return-value] # a change and its future share T, the queue mixes Ts
        except (sqlite3.Error, OSError) as error:
            raise SpoolUnavailableError(f"the spool {self._path} cannot be used ({error}); check the disk") from error

    def close(self) -> None:
        """Finish what is queued, then close the file."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._forget_connection()

    def _loop(self) -> None:
        self._ballast.keep()
        running = True
        while running:
            group = [self._queue.get()]
            while len(group) < MAX_GROUP and not self._queue.empty():
                group.append(self._queue.get())
            running = None not in group
            self._commit([item for item in group if item is not None])

    def _commit(self, group: Sequence[_Item]) -> None:
        if any(item.adds for item in group) and not (self._ballast.keep() or self._has_room_inside()):
            for item in group:
                if item.adds:
                    item.future.set_exception(OSError(DISK_FULL))
            group = [item for item in group if not item.adds]
        try:
            results = self._transact(group) if group else []
        except Exception as error:  # noqa: BLE001 - whatever it was, the writer must live on and the callers must hear of it
            log.warning("spool not written", path=str(self._path), changes=len(group), reason=str(error))
            self._repair(error)
            if len(group) == 1:
                group[0].future.set_exception(error)
            else:
                for item in group:
                    self._commit([item])
            return
        for item, result in zip(group, results, strict=True):
            item.future.set_result(result)

    def _has_room_inside(self) -> bool:
        """Tell whether events that are gone have left enough of the file empty to take new ones without the disk."""
        try:
            return free_bytes(self._opened()) >= self._ballast.size
        except (sqlite3.Error, OSError):
            return False

    def _transact(self, group: Sequence[_Item]) -> list[object]:
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        results = [item.change(connection) for item in group]
        connection.execute("COMMIT")
        return results

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

    def _repair(self, error: Exception) -> None:
        """Leave the spool so that the next change has the best chance."""
        code = primary_code(error) if isinstance(error, sqlite3.Error) else None
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            code = sqlite3.SQLITE_IOERR
        if code in REOPEN_AFTER:
            self._suspicious = code in DAMAGED
            self._forget_connection()
        if code == sqlite3.SQLITE_FULL or (not self._ballast.given_up and self._ballast.needed()):
            self._make_room(error)

    def _make_room(self, error: Exception) -> None:
        """Give up the ballast, and use its room at once to bring the log into the file, so that it starts anew."""
        try:
            self._ballast.give_up()
            if self._connection is not None:
                self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        except (sqlite3.Error, OSError) as second:
            log.warning("no room made", path=str(self._path), reason=str(second), before=str(error))

    def _forget_connection(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        except sqlite3.Error as error:
            log.warning("spool not closed", path=str(self._path), reason=str(error))
