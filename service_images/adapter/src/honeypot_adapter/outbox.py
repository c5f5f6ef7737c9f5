"""Events on their way to the sensor and the adapter's place in its log, in one SQLite file on the container's tmpfs.

What was read from the log, the sessions it belongs to and the events made from it change in one transaction: an adapter
that is killed anywhere goes on without losing a line or telling it twice.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from honeypot_adapter.event import Json

MAX_BYTES = 16 * 1024 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (path TEXT PRIMARY KEY, offset INTEGER NOT NULL);
"""


class Waiting(NamedTuple):
    """An event that the sensor has not acknowledged yet, as the text that goes over the socket."""

    number: int
    line: str


class Outbox:
    """Unacknowledged events in their order, at most `max_bytes` of them; one process, one thread."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._database = sqlite3.connect(path, isolation_level=None)
        # A tmpfs has nothing to synchronise to; the write-ahead log alone makes a killed process harmless.
        self._database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {_SCHEMA}")
        self._bytes: int = self._database.execute("SELECT coalesce(sum(length(line)), 0) FROM event").fetchone()[0]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes within, or none."""
        before = self._bytes
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            self._bytes = before
            raise
        self._database.execute("COMMIT")

    @property
    def full(self) -> bool:
        """Whether the bound is reached: make no more events until some are acknowledged."""
        return self._bytes >= self._max_bytes

    def put(self, event: Json) -> None:
        """Keep an event until it is acknowledged."""
        line = json.dumps({"event": event}, ensure_ascii=False, separators=(",", ":"))
        self._database.execute("INSERT INTO event (line) VALUES (?)", (line,))
        self._bytes += len(line)

    def first(self) -> Waiting | None:
        """Give the oldest event that waits."""
        row = self._database.execute("SELECT number, line FROM event ORDER BY number LIMIT 1").fetchone()
        return Waiting(*row) if row else None

    def forget(self, event: Waiting) -> None:
        """Drop an event that the sensor has or does not want."""
        self._database.execute("DELETE FROM event WHERE number = ?", (event.number,))
        self._bytes -= len(event.line)

    def save_session(self, session: str, state: str | None) -> None:
        """Write an open session's state, or remove it (None)."""
        if state is None:
            self._database.execute("DELETE FROM session WHERE id = ?", (session,))
        else:
            self._database.execute("REPLACE INTO session VALUES (?, ?)", (session, state))

    def sessions(self) -> Iterator[str]:
        """Give the states of the sessions that were open when the last process ended."""
        for (state,) in self._database.execute("SELECT state FROM session"):
            yield state

    def save_place(self, path: Path, offset: int) -> None:
        """Remember how far a log has been read, in bytes."""
        self._database.execute("REPLACE INTO place VALUES (?, ?)", (str(path), offset))

    def place(self, path: Path) -> int:
        """Tell how far a log has been read, in bytes."""
        row = self._database.execute("SELECT offset FROM place WHERE path = ?", (str(path),)).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close the file."""
        self._database.close()
