"""The spool's file: opened, checked, and replaced by what can still be read of it when it is damaged."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import structlog

from sensor_manager.files import move_durably
from sensor_manager.spool.schema import prepare
from sensor_manager.spool.write_ahead_log import has_lost_transactions

PARTS = ("", "-wal", "-shm")
WAITING = "SELECT sequence, id, severity, size, body, checksum, boot, uptime, wall FROM events ORDER BY sequence"
TAKE_OVER = """
INSERT OR IGNORE INTO events (sequence, id, severity, size, body, checksum, boot, uptime, wall)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
KEPT_COUNTERS = ("dropped", "quarantined", "refused", "damaged")
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

log = structlog.get_logger(__name__)


def open_spool(path: Path, *, thorough: bool = False) -> sqlite3.Connection:
    """Open the spool, or make a new one. A damaged file is kept beside it, and what it still holds is taken over.

    Args:
        path: the database file; its folder must exist.
        thorough: check indexes too, which takes longer; right after SQLite has complained.

    Raises:
        sqlite3.Error: the disk is full or failing, or the folder is missing.
        OSError: the same.
    """
    if path.exists() and path.stat().st_size:
        try:
            return _connect(path, "integrity_check" if thorough else "quick_check")
        except sqlite3.DatabaseError as error:
            if primary_code(error) not in DAMAGED:
                raise
            log.exception("the spool is damaged", path=str(path))
    lost = any(_part(path, suffix).exists() for suffix in PARTS)
    _make_new(path, damaged=lost)
    return _connect(path, "quick_check")


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's result code without its details."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def count(connection: sqlite3.Connection, name: str, amount: int) -> None:
    """Add to one of the spool's counters."""
    connection.execute(
        "INSERT INTO counters (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        (name, amount),
    )


def checksum(body: str) -> int:
    """Return the CRC-32 of an event's text: SQLite does not notice a bit that changes in it."""
    return crc32(body.encode())


def is_intact(identifier: object, body: object, stored: object) -> bool:
    """Tell whether an event, as its columns were read, is as it was accepted; the first release stored no checksum.

    One whose id has changed would be sent for ever: what the server answers would never be about it.
    """
    if not isinstance(identifier, str) or not isinstance(body, str):
        return False
    return identifier in body and stored in {None, checksum(body)}


def _connect(path: Path, check: str) -> sqlite3.Connection:
    connection = _raw(path)
    try:
        lost = has_lost_transactions(connection, _part(path, "-wal"))
        prepare(connection)
        _check(connection, check)
        if lost:
            count(connection, "damaged", 1)
            log.error("the spool's log is damaged; what it held behind that is lost", path=str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, check: str) -> None:
    (verdict,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
    if verdict != "ok":
        damage = sqlite3.DatabaseError(verdict)
        damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damage


def _raw(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda raw: raw.decode(errors="replace")  # the checksum tells, not an exception
    return connection


def _make_new(path: Path, *, damaged: bool) -> None:
    """Make a new spool beside the path and put it there in one step, so that a file there is always whole."""
    new = path.with_name(f"{path.name}.new")
    for suffix in PARTS:
        _part(new, suffix).unlink(missing_ok=True)
    connection = _raw(new)
    try:
        prepare(connection)
        if damaged:
            _take_over(path, connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # closing would do it, but fail in silence
    finally:
        connection.close()
    if damaged:
        for suffix in reversed(PARTS):
            if _part(path, suffix).exists():
                _part(path, suffix).replace(_part(path.with_name(f"{path.name}.damaged"), suffix))
        log.error("the damaged spool is set aside, a new one begun", kept=f"{path}.damaged")
    move_durably(new, path)


def _take_over(path: Path, target: sqlite3.Connection) -> None:
    """Copy what can be read, and count the damage with all events known to be lost by it."""
    target.execute("BEGIN IMMEDIATE")
    kept = 0
    for row in _readable(path, WAITING):
        if is_intact(row[1], row[4], row[5]):
            kept += target.execute(TAKE_OVER, row).rowcount
    for row in _readable(path, "SELECT boot, started FROM boots"):
        target.execute("INSERT OR REPLACE INTO boots VALUES (?, ?)", row)
    counters: dict[str, int] = dict(_readable(path, "SELECT name, value FROM counters"))
    for name in KEPT_COUNTERS:
        count(target, name, counters.get(name, 0))
    count(target, "dropped", max(0, counters.get("depth", 0) - kept))
    count(target, "damaged", 1)
    target.execute("COMMIT")
    log.error("events taken over from the damaged spool", kept=kept, counted=counters.get("depth"))


def _readable(path: Path, query: str) -> Iterator[tuple[Any, ...]]:
    """Read rows from both ends up to what is unreadable."""
    for order in ("", " DESC") if "ORDER BY" in query else ("",):
        try:
            connection = _raw(path)
        except sqlite3.Error:
            return
        try:
            connection.execute("PRAGMA writable_schema = ON")  # reads even a file that has lost its end
            yield from connection.execute(query + order)
        except sqlite3.Error:
            continue
        finally:
            connection.close()
        return


def _part(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
