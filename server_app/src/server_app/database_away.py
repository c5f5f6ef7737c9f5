"""Which errors of a database mean that it cannot be used at the moment, whatever it was asked."""

from sqlite3 import Error as SqliteError

from psycopg import Error as PostgresError
from psycopg import InterfaceError, OperationalError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

SQLITE = ("SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR")
"""Names of results, which may go on after an underscore."""
POSTGRESQL = (
    "08",  # the connection broke
    "53",  # its disk is full, or it has no memory or connection left
    "57P",  # it ends, has crashed, or is starting
    "58",  # the machine below it fails
    "25006",  # it is a standby that nobody has promoted yet
)
"""Beginnings of SQLSTATE."""


def is_away(error: BaseException) -> bool:
    """Whether the same request may succeed later, because nothing is wrong with it but its moment."""
    if isinstance(error, NoConnectionLeft):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_away(error.orig))
    if isinstance(error, PostgresError):
        # Without a state it was not PostgreSQL that said it: there is no connection.
        lost = error.sqlstate is None and isinstance(error, OperationalError | InterfaceError)
        return lost or (error.sqlstate or "").startswith(POSTGRESQL)
    return isinstance(error, SqliteError) and getattr(error, "sqlite_errorname", "").startswith(SQLITE)
