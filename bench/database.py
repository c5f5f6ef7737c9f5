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
FAR = 1 << 62
TOTALS = """
INSERT INTO event_totals (picture, division_id, sensor_id, span, start, key, events)
WITH facts AS MATERIALIZED (
  SELECT division_id, sensor_id, date_trunc('hour', time) AS hour, service, kind, severity,
         protocol || ':' || coalesce(destination_port, 0) AS port,
         regexp_replace(encode(source_ip, 'hex'), '^00000000000000000000ffff', '') AS source,
         count(*) AS events
  FROM events WHERE time > now() - interval '120 days' AND hidden_by IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT picture, division, sensor, span, start, key, sum(events)
FROM facts
CROSS JOIN LATERAL (VALUES (0, ''), (1, service), (2, kind), (3, severity::text), (4, sensor_id::text), (5, source),
                           (6, port)) AS pictures (picture, key)
CROSS JOIN LATERAL (VALUES (0, 0), (division_id, 0), (division_id, sensor_id)) AS places (division, sensor)
CROSS JOIN LATERAL (VALUES (1, hour), (24, date_trunc('day', hour)), (168, date_trunc('week', hour)))
           AS spans (span, start)
WHERE NOT (picture = 4 AND sensor <> 0) AND NOT (span = 1 AND (picture > 4 OR hour < now() - interval '8 days'))
  AND NOT (span = 168 AND start >= (SELECT to_timestamp(position) FROM counted_up_to WHERE what = 'weeks'))
GROUP BY 1, 2, 3, 4, 5, 6
"""
"""All totals that some window of the dashboard reads, from the events themselves."""


def connect(conninfo: str) -> psycopg.Connection:
    """A connection of our own.

    Raises:
        BenchError: the database is away or keeps us out.
    """
    try:
        return psycopg.connect(conninfo, autocommit=True)
    except psycopg.Error as error:
        raise BenchError(f"The database cannot be reached: {error}. Is the measured server's PostgreSQL up?") from error


def forget_events(conninfo: str) -> None:
    """Remove all events: those of a load, of this very moment and from everywhere, are no history."""
    with connect(conninfo) as connection:
        connection.execute("TRUNCATE events, event_sessions, event_totals")


def load_history(conninfo: str, history: History, events: range, progress: Progress) -> None:
    """Add events `events` of a history, and their sessions, by COPY; indexes are made anew afterwards, as is usual."""
    sessions = range(events.start // PER_SESSION, events.stop // PER_SESSION)
    with connect(conninfo) as connection:
        # The worker would count all of them, one after the other: `count_history` does it at once.
        connection.execute("UPDATE counted_up_to SET position = %s WHERE what = 'events'", [FAR])
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
    """Make the totals of events anew, as the server's worker keeps them."""
    progress.say("Counting events")
    with connect(conninfo) as connection:
        connection.execute("SET timezone = 'UTC'; SET work_mem = '64MB'")
        connection.execute("TRUNCATE event_totals")
        with _without_indexes(connection, "event_totals", progress):
            connection.execute(TOTALS)
        connection.execute(
            "UPDATE counted_up_to SET position = (SELECT coalesce(max(id), 0) FROM events) WHERE what = 'events'"
        )
        connection.execute("VACUUM (ANALYZE) event_totals")


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
