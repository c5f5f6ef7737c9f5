"""The spool: events on disk from the moment a honeypot may forget them until the server has them."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Self

import structlog

from sensor_manager.plan.spool_drops import SEVERITY_RANK
from sensor_manager.spool import tables
from sensor_manager.spool.ballast import DEFAULT_BYTES, Ballast
from sensor_manager.spool.database import checksum, count
from sensor_manager.spool.quarantine import quarantine
from sensor_manager.spool.tables import SpooledEvent
from sensor_manager.spool.writer import SpoolUnavailableError, Writer
from sensor_manager.stamp import Stamp, read_stamp
from sensor_wire.v1.event import Event
from sensor_wire.v1.poll import SpoolReport

__all__ = ["SpoolStore", "SpoolUnavailableError", "SpooledEvent"]

DEFAULT_BOUND = 64 * 1024 * 1024

log = structlog.get_logger(__name__)


class SpoolStore:
    """A bounded queue of events in SQLite, safe for use by many threads.

    `append` returns after the commit: the event then survives a crash and a power cut.

    Args:
        path: the database file; its folder must exist.
        bound: bytes of event JSON above which the least severe, then oldest events are dropped and counted.
        ballast: bytes kept free for deleting when somebody else fills the disk.
        on_append: called whenever an event has come to disk, by the thread that brought it; must return at once.
        stamp: reads this machine's clocks.
    """

    def __init__(
        self,
        path: Path,
        *,
        bound: int = DEFAULT_BOUND,
        ballast: int = DEFAULT_BYTES,
        on_append: Callable[[], None] = lambda: None,
        stamp: Callable[[], Stamp] = read_stamp,
    ) -> None:
        self._bound = bound
        self._on_append = on_append
        self._stamp = stamp
        self._last_report = SpoolReport()
        self._writer = Writer(path, Ballast(path.with_name(f"{path.name}.ballast"), ballast))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is queued, then close the file."""
        self._writer.close()

    def append(self, event: Event) -> None:
        """Store the event; returns when it is on disk. Storing the same id again changes nothing.

        Raises:
            SpoolUnavailableError: the disk is full or failing.
        """
        body = event.model_dump_json()
        stamp = self._stamp()
        row = (
            *(str(event.id), SEVERITY_RANK[event.severity], len(body.encode()), body, checksum(body)),
            *(stamp.boot, stamp.uptime, stamp.wall),
        )
        self._writer.run(lambda connection: tables.insert(connection, row, self._bound), adds=True)
        self._on_append()

    def oldest(self, limit: int, max_bytes: int, *, without: Collection[int] = ()) -> list[SpooledEvent]:
        """Return waiting events, oldest first. One that has been damaged on the disk is set aside instead.

        Args:
            limit: at most so many.
            max_bytes: together at most so many (but at least one event).
            without: sequence numbers of events to pass over.
        """
        return self._writer.run(lambda connection: tables.oldest(connection, limit, max_bytes, without))

    def forget(self, events: Sequence[SpooledEvent]) -> None:
        """Delete these events: the server has them."""
        self._writer.run(lambda connection: tables.forget(connection, events))

    def set_aside(self, event: SpooledEvent, reason: str) -> None:
        """Move an event the server will never take to the quarantine, which keeps the newest ones for inspection."""
        self._writer.run(lambda connection: quarantine(connection, event.sequence, reason))

    def note_refused(self) -> None:
        """Count an event that a honeypot sent and that could not be accepted."""
        self._writer.run(lambda connection: count(connection, "refused", 1))

    def note_boot(self, boot: str, started: float) -> None:
        """Note when (seconds since 1970) this boot of the machine began by the server's clock.

        The times of events, also of those that are there already, are corrected by that when they are read.
        """
        self._writer.run(lambda connection: tables.note_boot(connection, boot, started))

    def report(self) -> SpoolReport:
        """Return what waits, and the counts since the spool was made; the last ones known while the disk fails."""
        try:
            self._last_report = self._writer.run(tables.report)
        except SpoolUnavailableError as error:
            log.warning("the spool cannot be read, reporting what was known", reason=str(error))
        return self._last_report
