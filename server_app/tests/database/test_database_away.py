"""A database that cannot be used is no mistake of who asks: they are told to come again, and nothing of its inside."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from event_builder import event
from psycopg import InterfaceError, OperationalError, errors
from server_bench import Bench
from sqlalchemy.event import listen, remove
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from server_app.database_away import is_away
from server_app.db import Database


def wrapped(cause: Exception) -> DBAPIError:
    """As SQLAlchemy raises it."""
    return DBAPIError("INSERT INTO events …", {}, cause)


def of_sqlite(statement: str) -> sqlite3.Error:
    """What SQLite itself raises."""
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute(statement)
        except sqlite3.Error as error:
            return error
    raise AssertionError(statement)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (errors.DiskFull("could not extend file"), True),
        (errors.TooManyConnections("sorry"), True),
        (errors.AdminShutdown("terminating connection"), True),
        (errors.CannotConnectNow("the database system is in recovery mode"), True),
        (errors.IoError("could not read block"), True),
        (errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"), True),
        (OperationalError("the connection has ended"), True),
        (InterfaceError("the connection is closed"), True),
        (errors.QueryCanceled("canceling statement due to user request"), False),
        (errors.UndefinedTable("there is no such table"), False),
        (errors.NumericValueOutOfRange("out of range"), False),
        (of_sqlite("SELECT 1 FROM nowhere"), False),
        (ValueError("ours"), False),
    ],
)
def test_which_errors_pass(error: Exception, *, away: bool) -> None:
    assert is_away(error) is away
    assert is_away(wrapped(error)) is away


def test_a_pool_without_a_connection_left_is_away() -> None:
    assert is_away(NoConnectionLeft("QueuePool limit"))
    assert not is_away(IntegrityError("INSERT …", {}, errors.UniqueViolation("there already")))
    assert is_away(DBAPIError("SELECT 1", {}, ValueError("anything"), connection_invalidated=True))


@contextmanager
def no_room(database: Database) -> Iterator[None]:
    """SQLite's file does not grow for the length of a block."""

    def bound(connection: Any, _: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # which means as many as there are

    database.close()
    listen(database.engine, "connect", bound)
    try:
        yield
    finally:
        remove(database.engine, "connect", bound)
        database.close()


@pytest.mark.parametrize("prepared", ["sqlite"], indirect=True)
def test_a_full_disk_is_told_and_over_when_there_is_room(bench: Bench) -> None:
    sensor = bench.sensor()
    events = [event(summary="x" * 250) for _ in range(150)]
    with no_room(bench.database):
        for answer in (sensor.upload(events), sensor.upload([*events, {"broken": True}])):
            assert answer.status_code == 503
            assert answer.mimetype == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
            assert not any(word in answer.text for word in ("INSERT", "sqlite", "full"))
        assert bench.admin.ok("GET", "/events")["items"] == []
    answer = sensor.upload(events)
    assert {result["status"] for result in (answer.json or {})["results"]} == {"stored"}
