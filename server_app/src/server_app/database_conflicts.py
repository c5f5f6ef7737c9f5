"""Which errors of a database mean that somebody else was faster, and which are mistakes of ours."""

from sqlite3 import Error as SqliteError

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from sqlalchemy.exc import IntegrityError

SQLITE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_FOREIGNKEY"}


def is_conflict(error: IntegrityError) -> bool:
    """Whether a row of this name or number was there already, or one it refers to no longer is."""
    cause = error.orig
    if isinstance(cause, SqliteError):
        return getattr(cause, "sqlite_errorname", None) in SQLITE
    return isinstance(cause, UniqueViolation | ForeignKeyViolation)
