"""The spool: events on disk from the moment a honeypot may forget them until the server has them."""

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from sensor_manager.plan.spool_drops import SEVERITY_RANK, SpooledSize, choose_drops
from sensor_manager.spool.schema import DURABLE, SCHEMA
from sensor_wire.v1.event import Event
from sensor_wire.v1.poll import SpoolReport

DEFAULT_BOUND = 64 * 1024 * 1024
MAX_QUARANTINED = 200
MAX_GROUP = 256

log = structlog.get_logger(__name__)


class SpoolUnavailableError(Exception):
    """The event could not be brought to disk; nothing is lost, the honeypot keeps it and tries again."""


@dataclass(frozen=True, slots=True)
class SpooledEvent:
    """An event that waits for upload; `body` is its JSON text."""

    id: str
    body: str


type _Change[T] = Callable[[sqlite3.Connection], T]


class SpoolStore:
    """A bounded queue of events in SQLite, safe for use by many threads.

    All changes run in one writer thread, which commits what has gathered in the meantime as one group. `append` returns
    after the commit: the event then survives a crash and a power cut.

    Args:
        path: the database file; its folder must exist.
        bound: bytes of event JSON above which the least severe, then oldest events are dropped and counted.
        on_append: called whenever an event has come to disk, by the thread that brought it; must return at once.
    """

    def __init__(self, path: Path, *, bound: int = DEFAULT_BOUND, on_append: Callable[[], None] | None = None) -> None:
        self._path = path
        self._bound = bound
        self._on_append = on_append or (lambda: None)
        self._queue: queue.SimpleQueue[tuple[_Change[object], Future[object]] | None] = queue.SimpleQueue()
        self._connection = _open(path)
        self._bytes = _total_bytes(self._connection)
        self._closed = False
        self._writer = threading.Thread(target=self._write_loop, name="spool-writer", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is queued, then close the file."""
        self._closed = True
        self._queue.put(None)
        self._writer.join()
        self._connection.close()

    def append(self, event: Event) -> None:
        """Store the event; returns when it is on disk. Storing the same id again changes nothing.

        Raises:
            SpoolUnavailableError: the disk is full or failing.
        """
        body = event.model_dump_json()
        rank = SEVERITY_RANK[event.severity]
        self._change(lambda connection: self._insert(connection, str(event.id), rank, body))
        self._on_append()

    def oldest(self, limit: int, max_bytes: int) -> list[SpooledEvent]:
        """Return up to `limit` waiting events, oldest first, together at most `max_bytes` (but at least one)."""

        def read(connection: sqlite3.Connection) -> list[SpooledEvent]:
            batch: list[SpooledEvent] = []
            total = 0
            rows = connection.execute("SELECT id, size, body FROM events ORDER BY sequence LIMIT ?", (limit,))
            for identifier, size, body in rows:
                total += size
                if batch and total > max_bytes:
                    break
                batch.append(SpooledEvent(identifier, body))
            return batch

        return self._change(read)

    def forget(self, ids: Sequence[str]) -> None:
        """Delete these events: the server has them."""
        self._change(lambda connection: self._delete(connection, ids))

    def set_aside(self, identifier: str, reason: str) -> None:
        """Move an event the server will never take to the quarantine, which keeps the newest ones for inspection."""

        def move(connection: sqlite3.Connection) -> None:
            moved = connection.execute(
                "INSERT OR REPLACE INTO quarantine (id, reason, body) SELECT id, ?, body FROM events WHERE id = ?",
                (reason, identifier),
            ).rowcount
            self._delete(connection, [identifier])
            _count(connection, "quarantined", moved)
            connection.execute(
                "DELETE FROM quarantine WHERE sequence NOT IN"
                " (SELECT sequence FROM quarantine ORDER BY sequence DESC LIMIT ?)",
                (MAX_QUARANTINED,),
            )

        self._change(move)

    def report(self) -> SpoolReport:
        """Return depth and bytes waiting, and the counts of dropped and quarantined events since the spool was made."""

        def read(connection: sqlite3.Connection) -> SpoolReport:
            (depth,) = connection.execute("SELECT count(*) FROM events").fetchone()
            counters = dict(connection.execute("SELECT name, value FROM counters"))
            return SpoolReport(
                depth=depth,
                bytes=self._bytes,
                dropped=counters.get("dropped", 0),
                quarantined=counters.get("quarantined", 0),
            )

        return self._change(read)

    def _insert(self, connection: sqlite3.Connection, identifier: str, rank: int, body: str) -> None:
        size = len(body.encode())
        inserted = connection.execute(
            "INSERT OR IGNORE INTO events (id, severity, size, body) VALUES (?, ?, ?, ?)",
            (identifier, rank, size, body),
        ).rowcount
        self._bytes += size * inserted
        if self._bytes > self._bound:
            self._drop_excess(connection)

    def _drop_excess(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT sequence, size FROM events ORDER BY severity, sequence")
        drops = choose_drops((SpooledSize(*row) for row in rows), self._bytes - self._bound)
        connection.executemany("DELETE FROM events WHERE sequence = ?", [(sequence,) for sequence in drops])
        _count(connection, "dropped", len(drops))
        self._bytes = _total_bytes(connection)

    def _delete(self, connection: sqlite3.Connection, ids: Sequence[str]) -> None:
        for identifier in ids:
            row = connection.execute("DELETE FROM events WHERE id = ? RETURNING size", (identifier,)).fetchone()
            if row:
                self._bytes -= row[0]

    def _change[T](self, change: _Change[T]) -> T:
        """Run the change in the writer thread and wait for its commit."""
        if self._closed:
            raise SpoolUnavailableError(f"the spool {self._path} is closed; the manager is stopping")
        future: Future[T] = Future()
        self._queue.put((change, future))  # type: ignore[arg-type] # a change and its future share T, the queue mixes Ts
        try:
            return future.result()
        except sqlite3.Error as error:
            raise SpoolUnavailableError(f"the spool {self._path} cannot be used ({error}); check the disk") from error

    def _write_loop(self) -> None:
        running = True
        while running:
            group = [self._queue.get()]
            while len(group) < MAX_GROUP and not self._queue.empty():
                group.append(self._queue.get())
            running = None not in group
            self._commit([item for item in group if item is not None])

    def _commit(self, group: Sequence[tuple[_Change[object], Future[object]]]) -> None:
        """Run the group as one transaction; each caller hears of the outcome only after the commit."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [change(self._connection) for change, _ in group]
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it was, the writer must live on and the callers must hear of it
            log.warning("spool not written; its callers will try again", path=str(self._path), reason=str(error))
            self._recover()
            for _, future in group:
                future.set_exception(error)
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)

    def _recover(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._bytes = _total_bytes(self._connection)
        except sqlite3.Error as error:
            log.warning("spool not rolled back", path=str(self._path), reason=str(error))


def _open(path: Path) -> sqlite3.Connection:
    """Open the spool; a damaged file is kept beside it for inspection and a new one begun."""
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise SpoolUnavailableError(
                f"the spool {path} cannot be opened ({error}); check the state folder"
            ) from error
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.replace(path.with_name(f"{path.name}.damaged{suffix}"))
        log.exception("damaged spool set aside, a new one begun", path=str(path), kept=f"{path}.damaged")
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.executescript(DURABLE)
        connection.executescript(SCHEMA)
        _check(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _total_bytes(connection: sqlite3.Connection) -> int:
    (total,) = connection.execute("SELECT coalesce(sum(size), 0) FROM events").fetchone()
    return int(total)


def _count(connection: sqlite3.Connection, name: str, amount: int) -> None:
    connection.execute(
        "INSERT INTO counters (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        (name, amount),
    )
