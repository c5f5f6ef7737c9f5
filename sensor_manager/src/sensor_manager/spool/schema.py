"""The spool's tables."""

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    severity INTEGER NOT NULL,
    size INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum INTEGER,
    boot TEXT,
    uptime REAL,
    wall REAL
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_importance ON events (severity, sequence);
CREATE TABLE IF NOT EXISTS quarantine (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS filler (
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS boots (
    boot TEXT PRIMARY KEY,
    started REAL NOT NULL
) STRICT;
"""
TRIGGERS = """
CREATE TRIGGER IF NOT EXISTS event_in AFTER INSERT ON events BEGIN
    UPDATE counters SET value = value + 1 WHERE name = 'depth';
    UPDATE counters SET value = value + NEW.size WHERE name = 'bytes';
END;
CREATE TRIGGER IF NOT EXISTS event_out AFTER DELETE ON events BEGIN
    UPDATE counters SET value = value - 1 WHERE name = 'depth';
    UPDATE counters SET value = value - OLD.size WHERE name = 'bytes';
END;
INSERT OR REPLACE INTO counters SELECT 'depth', count(*) FROM events;
INSERT OR REPLACE INTO counters SELECT 'bytes', coalesce(sum(size), 0) FROM events;
"""
"""Depth and bytes are kept by the transactions that change them, so that a report need not count."""

LATER_COLUMNS = {"checksum": "INTEGER", "boot": "TEXT", "uptime": "REAL", "wall": "REAL"}
"""What spools of the first releases lack."""

DURABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 10000;
"""
"""FULL is not optional: with NORMAL a power cut loses events that honeypots have already forgotten."""


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older release up to date."""
    connection.executescript(DURABLE)
    connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
    present = {row[1] for row in connection.execute("PRAGMA table_info(events)")}
    for name, kind in LATER_COLUMNS.items():
        if name not in present:
            connection.execute(f"ALTER TABLE events ADD COLUMN {name} {kind}")
    connection.executescript(f"BEGIN IMMEDIATE; {TRIGGERS} COMMIT;")


def free_bytes(connection: sqlite3.Connection) -> int:
    """Return how much of the file is empty."""
    (pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * page)


def widen_log(connection: sqlite3.Connection, room: int) -> None:
    """Give the log beside the file so many bytes, which it keeps and uses again and again.

    Deleting then needs no room that somebody else could take. The log is brought into the file at half of that, so
    that no transaction outgrows it.
    """
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA wal_autocheckpoint = {max(1, room // 2 // page)}")
    connection.execute("INSERT INTO filler VALUES (zeroblob(?))", (room,))
    connection.execute("DELETE FROM filler")
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
