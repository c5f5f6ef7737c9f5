"""The one thread that touches the spool's file, and brings what has gathered to disk as one transaction."""

import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import structlog

from sensor_manager.spool.ballast import Ballast
from sensor_manager.spool.spool_file import Change, SpoolFile

MAX_GROUP = 256
DISK_FULL = "the disk is full"

log = structlog.get_logger(__name__)


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
        self._file = SpoolFile(path, ballast)
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closed = False
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
        self._file.close()

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
        if any(item.adds for item in group) and not (self._ballast.keep() or self._file.has_room_inside()):
            for item in group:
                if item.adds:
                    item.future.set_exception(OSError(DISK_FULL))
            group = [item for item in group if not item.adds]
        try:
            results = self._file.transact([item.change for item in group]) if group else []
        except Exception as error:  # noqa: BLE001 - whatever it was, the writer must live on and the callers must hear of it
            log.warning("spool not written", path=str(self._path), changes=len(group), reason=str(error))
            self._file.repair(error)
            if len(group) == 1:
                group[0].future.set_exception(error)
            else:
                for item in group:
                    self._commit([item])
            return
        for item, result in zip(group, results, strict=True):
            item.future.set_result(result)
