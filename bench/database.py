"""What goes past the API straight into the measured server's PostgreSQL: history to search in, and COPY as a floor."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import LiteralString

import psycopg
from psycopg import sql

from bench.attacks import PER_SESSION
from bench.errors import BenchError
from bench.history import EVENT_COLUMNS, SESSION_COLUMNS, History, chunks
from bench.progress import Progress

WRITERS = 4
SCRATCH = "bench_copy"


def connect(conninfo: str) -> psycopg.Connection:
    """A connection of our own.

    Raises:
        BenchError: the database is away or keeps us out.
    """
    try:
        return psycopg.connect(conninfo, autocommit=True)
    except psycopg.Error as error:
        raise BenchError(f"The database cannot be reached: {error}. Is the measured server's PostgreSQL up?") from error


def load_history(conninfo: str, history: History, events: range, progress: Progress) -> None:
    """Add events `events` of a history, and their sessions, by COPY; indexes are made anew afterwards, as is usual."""
    sessions = range(events.start // PER_SESSION, events.stop // PER_SESSION)
    with connect(conninfo) as connection:
        connection.execute("SET maintenance_work_mem = '256MB'")
        for table, columns, line, numbers in (
            ("events", EVENT_COLUMNS, history.event, events),
            ("event_sessions", SESSION_COLUMNS, history.session, sessions),
        ):
            with _without_indexes(connection, table, progress), connection.cursor() as cursor:
                lines = progress.each(f"Loading {table}, thousands", chunks(line, numbers), len(numbers) // 2000)
                with cursor.copy(_copy(table, columns)) as copy:
                    for chunk in lines:
                        copy.write(chunk)
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))


def count_history(conninfo: str, progress: Progress) -> None:
    """Make the counts of events anew, as the server keeps them: per hour, per day, and per day and target."""
    progress.say("Counting events")
    with connect(conninfo) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("TRUNCATE event_counts, event_targets")
        for unit, hours in (("hour", 1), ("day", 24)):
            connection.execute(
                "INSERT INTO event_counts (span, start, sensor_id, division_id, service, kind, severity, events) "
                "SELECT %s, date_trunc(%s, time), sensor_id, division_id, service, kind, severity, count(*) "
                "FROM events GROUP BY 1, 2, 3, 4, 5, 6, 7",
                [hours, unit],
            )
        connection.execute(
            "INSERT INTO event_targets (start, sensor_id, division_id, source_ip, protocol, port, events) "
            "SELECT date_trunc('day', time), sensor_id, division_id, source_ip, protocol, "
            "coalesce(destination_port, 0), count(*) FROM events GROUP BY 1, 2, 3, 4, 5, 6"
        )
        connection.execute("VACUUM (ANALYZE) event_counts, event_targets")


def copied_per_second(conninfo: str, size: int, seconds: float) -> float:
    """Rows per second that PostgreSQL takes by COPY into a table like that of events, `size` for each commit."""
    with connect(conninfo) as connection:
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(SCRATCH)))
        connection.execute(sql.SQL("CREATE TABLE {} (LIKE events INCLUDING ALL)").format(sql.Identifier(SCRATCH)))
        history = History([1], [1], 10_000_000, datetime.now(UTC))
        try:
            with ThreadPoolExecutor(WRITERS) as pool:
                return sum(pool.map(lambda _: _copied(conninfo, history, size, seconds), range(WRITERS))) / seconds
        finally:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(SCRATCH)))


def _copied(conninfo: str, history: History, size: int, seconds: float) -> int:
    number, end, statement = 0, time.perf_counter() + seconds, _copy(SCRATCH, EVENT_COLUMNS)
    with connect(conninfo) as connection, connection.cursor() as cursor:
        while time.perf_counter() < end:
            with cursor.copy(statement) as copy:
                copy.write("".join(map(history.event, range(number, number + size))))
            number += size
    return number


def _copy(table: str, columns: Sequence[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)


@contextmanager
def _without_indexes(connection: psycopg.Connection, table: str, progress: Progress) -> Iterator[None]:
    query: LiteralString = (
        "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = %s AND NOT EXISTS "
        "(SELECT FROM pg_constraint c WHERE c.conindid = format('%%I', i.indexname)::regclass)"
    )
    found = connection.execute(query, [table]).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    try:
        yield
    finally:
        for number, (name, definition) in enumerate(found, 1):
            progress.say(f"Making index {number} of {len(found)}: {name}")
            connection.execute(definition)
