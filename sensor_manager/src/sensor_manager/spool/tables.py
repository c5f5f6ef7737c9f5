"""What is done with the spool's tables, on an open transaction."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog

from sensor_manager.plan.clock import correct_times
from sensor_manager.plan.spool_drops import SpooledSize, choose_drops
from sensor_manager.spool.database import count, is_intact
from sensor_manager.spool.quarantine import quarantine
from sensor_wire.v1.poll import SpoolReport

MAX_BOOTS = 16
OLDEST = """
SELECT sequence, id, size, body, checksum, uptime, wall, started FROM events LEFT JOIN boots USING (boot)
WHERE sequence NOT IN (SELECT value FROM json_each(?)) ORDER BY sequence LIMIT ?
"""
DAMAGED_EVENT = "changed on the sensor's disk: its checksum or its id does not fit"

log = structlog.get_logger(__name__)

type Row = tuple[str | int | float, ...]
"""An event as it is stored: id, rank of its severity, size, body, checksum; boot, uptime and clock when it came."""


@dataclass(frozen=True, slots=True)
class SpooledEvent:
    """An event that waits for upload; `body` is its JSON text, with times as the server's clock would have them."""

    sequence: int
    id: str
    body: str


def insert(connection: sqlite3.Connection, row: Row, bound: int) -> None:
    """Add an event unless its id is there, and drop what is too much by then.

    Args:
        connection: of the open transaction.
        row: the event.
        bound: bytes of event JSON above which the least severe, then oldest events are dropped and counted.
    """
    connection.execute(
        "INSERT OR IGNORE INTO events (id, severity, size, body, checksum, boot, uptime, wall)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    (waiting,) = connection.execute("SELECT value FROM counters WHERE name = 'bytes'").fetchone()
    if waiting > bound:
        rows = connection.execute("SELECT sequence, size FROM events ORDER BY severity, sequence")
        drops = choose_drops((SpooledSize(*each) for each in rows), waiting - bound)
        connection.executemany("DELETE FROM events WHERE sequence = ?", [(sequence,) for sequence in drops])
        count(connection, "dropped", len(drops))


def oldest(connection: sqlite3.Connection, limit: int, max_bytes: int, without: Collection[int]) -> list[SpooledEvent]:
    """Return waiting events as `SpoolStore.oldest` does."""
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


def forget(connection: sqlite3.Connection, events: Sequence[SpooledEvent]) -> None:
    """Delete these events."""
    keys = [(event.sequence, event.id) for event in events]
    connection.executemany("DELETE FROM events WHERE sequence = ? AND id = ?", keys)


def note_boot(connection: sqlite3.Connection, boot: str, started: float) -> None:
    """Note when a boot began (seconds since 1970); the newest ones are kept."""
    connection.execute("INSERT OR REPLACE INTO boots VALUES (?, ?)", (boot, started))
    connection.execute(
        "DELETE FROM boots WHERE rowid NOT IN (SELECT rowid FROM boots ORDER BY rowid DESC LIMIT ?)",
        (MAX_BOOTS,),
    )


def report(connection: sqlite3.Connection) -> SpoolReport:
    """Return the counters."""
    counters = dict(connection.execute("SELECT name, value FROM counters"))
    return SpoolReport(**{name: max(0, counters[name]) for name in SpoolReport.model_fields if name in counters})
