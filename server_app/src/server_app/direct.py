"""Statements within a transaction that go straight to the driver: for those that are run a thousand times a second."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own


class Direct:
    """A statement of PostgreSQL that is compiled once: what SQLAlchemy does around each costs more than the driver.

    Args:
        statement: with named parameters (`bindparam`) only; what comes back is as the driver gives it.
    """

    def __init__(self, statement: Executable) -> None:
        if not isinstance(statement, ClauseElement):
            raise TypeError(f"{statement!r} cannot be compiled")
        compiled = statement.compile(dialect=DIALECT)
        constants = [name for name, value in compiled.params.items() if value is not None]
        if constants:
            raise TypeError(f"constants that nobody would give: {', '.join(constants)}; write them as literal_column")
        self._text = str(compiled)

    def all(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Run it; the rows that come back."""
        cursor = connection.connection.cursor()
        cursor.execute(self._text, parameters)
        return cursor.fetchall()

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """Run it; for one that gives nothing back."""
        connection.connection.cursor().execute(self._text, parameters)
