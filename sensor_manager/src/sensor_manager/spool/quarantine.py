"""Events that nobody takes: the newest are kept for inspection, all are counted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sensor_manager.spool.database import count

MAX_EVENTS = 200
MAX_BYTES = 4 * 1024 * 1024
EXCESS = """
DELETE FROM quarantine WHERE sequence IN (
    SELECT sequence FROM (
        SELECT sequence, row_number() OVER newest AS place, sum(length(body)) OVER newest AS bytes
        FROM quarantine WINDOW newest AS (ORDER BY sequence DESC)
    ) WHERE place > ? OR bytes > ?
)
"""

NEWEST_LAST = "SELECT id, reason, body FROM quarantine ORDER BY sequence"


def quarantined(spool: Path) -> Iterator[tuple[str, str, str]]:
    """Return id, reason and text of all that are kept, newest last, as a manager may be at work; all may be damaged.

    Raises:
        sqlite3.Error: there is no spool, or it cannot be read.
    """
    with closing(sqlite3.connect(f"{spool.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        for identifier, reason, body in connection.execute(NEWEST_LAST):
            yield str(identifier), str(reason), str(body)


def quarantine(connection: sqlite3.Connection, sequence: int, reason: str) -> None:
    """Move the event there, within the open transaction; does nothing when it waits no more."""
    moved = connection.execute(
        "INSERT OR REPLACE INTO quarantine (id, reason, body) SELECT id, ?, body FROM events WHERE sequence = ?",
        (reason, sequence),
    ).rowcount
    connection.execute("DELETE FROM events WHERE sequence = ?", (sequence,))
    count(connection, "quarantined", moved)
    connection.execute(EXCESS, (MAX_EVENTS, MAX_BYTES))
