"""Engines for each way in which the server uses its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from server_app import idle_connections

BUSY_SECONDS = 15


def general(url: str) -> Engine:
    """For sessions."""
    if not url.startswith("sqlite"):
        return _postgresql(url)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: str, **others: Any) -> Engine:
    # Compiling a query costs PostgreSQL more than any of ours takes. The connection that was used last is used next:
    # its process has its plans at hand.
    arguments = {"options": "-c jit=off"} | others.pop("connect_args", {})
    engine = create_engine(url, pool_size=10, max_overflow=10, pool_use_lifo=True, connect_args=arguments, **others)
    idle_connections.watch(engine)
    return engine


# On the connections of these two `direct` prepares statements, and psycopg none.
def autocommit(url: str) -> Engine:
    """For single statements of PostgreSQL."""
    arguments = {"prepare_threshold": None}
    return _postgresql(url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, connect_args=arguments)


def storing(url: str) -> Engine:
    """For transactions of PostgreSQL that are run very often."""
    return _postgresql(url, connect_args={"prepare_threshold": None})


@contextmanager
def pooled(engine: Engine) -> Iterator[PoolProxiedConnection]:
    """A connection of the pool; after an exception it does not go back there."""
    connection = engine.raw_connection()
    try:
        yield connection
    except BaseException:
        connection.invalidate()  # it may be in the middle of something
        raise
    connection.close()


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    if not isinstance(connection, SqliteConnection):
        raise TypeError("the database URL names a SQLite driver other than Python's own")
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver's guess
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged event survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
