"""The spool: events on disk from the moment a honeypot may forget them until the server has them."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from sensor_manager.plan.clock import correct_times
from sensor_manager.plan.spool_drops import SEVERITY_RANK, SpooledSize, choose_drops
from sensor_manager.spool.ballast import DEFAULT_BYTES, Ballast
from sensor_manager.spool.database import checksum, count, is_intact
from sensor_manager.spool.quarantine import quarantine
from sensor_manager.spool.writer import SpoolUnavailableError, Writer
from sensor_manager.stamp import Stamp, read_stamp
from sensor_wire.v1.event import Event
from sensor_wire.v1.poll import SpoolReport

__all__ = ["SpoolStore", "SpoolUnavailableError", "SpooledEvent"]

DEFAULT_BOUND = 64 * 1024 * 1024
MAX_BOOTS = 16
OLDEST = """
SELECT sequence, id, size, body, checksum, uptime, wall, started FROM events LEFT JOIN boots USING (boot)
WHERE sequence NOT IN (SELECT value FROM json_each(?)) ORDER BY sequence LIMIT ?
"""
DAMAGED_EVENT = "changed on the sensor's disk: its checksum or its id does not fit"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SpooledEvent:
    """An event that waits for upload; `body` is its JSON text, with times as the server's clock would have them."""

    sequence: int
    id: str
    body: str


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
        self._writer.run(lambda connection: self._insert(connection, row), adds=True)
        self._on_append()

    def oldest(self, limit: int, max_bytes: int, *, without: Collection[int] = ()) -> list[SpooledEvent]:
        """Return waiting events, oldest first. One that has been damaged on the disk is set aside instead.

        Args:
            limit: at most so many.
            max_bytes: together at most so many (but at least one event).
            without: sequence numbers of events to pass over.
        """

        def read(connection: sqlite3.Connection) -> list[SpooledEvent]:
            batch: list[SpooledEvent] = []
            total = 0
            skipped = str(sorted(without))
            for sequence, identifier, size, body, stored, *clock in connection.execute(OLDEST, (skipped, limit)):
                total += size
                if batch and total > max_bytes:
                    break
                if not is_intact(identifier, body, stored):
                    quarantine(connection, sequence, DAMAGED_EVENT)
                    log.error("event damaged on the disk, set aside", event_id=identifier)
                    continue
                batch.append(SpooledEvent(sequence, identifier, correct_times(body, *clock)))
            return batch

        return self._writer.run(read)

    def forget(self, events: Sequence[SpooledEvent]) -> None:
        """Delete these events: the server has them."""
        keys = [(event.sequence, event.id) for event in events]
        delete = "DELETE FROM events WHERE sequence = ? AND id = ?"
        self._writer.run(lambda connection: connection.executemany(delete, keys))

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

        def note(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO boots VALUES (?, ?)", (boot, started))
            connection.execute(
                "DELETE FROM boots WHERE rowid NOT IN (SELECT rowid FROM boots ORDER BY rowid DESC LIMIT ?)",
                (MAX_BOOTS,),
            )

        self._writer.run(note)

    def report(self) -> SpoolReport:
        """Return what waits, and the counts since the spool was made; the last ones known while the disk fails."""

        def read(connection: sqlite3.Connection) -> SpoolReport:
            counters = dict(connection.execute("SELECT name, value FROM counters"))
            return SpoolReport(
                **{name: max(0, counters[name]) for name in SpoolReport.model_fields if name in counters}
            )

        try:
            self._last_report = self._writer.run(read)
        except SpoolUnavailableError as error:
            log.warning("the spool cannot be read, reporting what was known", reason=str(error))
        return self._last_report

    def _insert(self, connection: sqlite3.Connection, row: tuple[str | int | float, ...]) -> None:
        connection.execute(
            "INSERT OR IGNORE INTO events (id, severity, size, body, checksum, boot, uptime, wall)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        (waiting,) = connection.execute("SELECT value FROM counters WHERE name = 'bytes'").fetchone()
        if waiting > self._bound:
            rows = connection.execute("SELECT sequence, size FROM events ORDER BY severity, sequence")
            drops = choose_drops((SpooledSize(*each) for each in rows), waiting - self._bound)
            connection.executemany("DELETE FROM events WHERE sequence = ?", [(sequence,) for sequence in drops])
            count(connection, "dropped", len(drops))
