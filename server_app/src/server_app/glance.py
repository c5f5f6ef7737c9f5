"""Reading one row with as little work as there can be: for what is asked a thousand times a second."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import JSON, Enum, Select

from server_app.db import Database
from server_app.direct import Direct

NEEDS_WORK = (JSON, Enum)
"""Types whose values are not what the driver gives."""


class Glance[R]:
    """A query of at most one row, outside of any transaction.

    On PostgreSQL it goes straight to libpq: building a connection, a transaction and a result around one statement
    costs three times what the statement itself does.

    Args:
        query: with named parameters (`bindparam`); columns of JSON or enumerations are not possible.
        row: makes the result from the columns in their order.
    """

    def __init__(self, query: Select[*tuple[Any, ...]], row: Callable[..., R]) -> None:
        unfit = [column.key for column in query.selected_columns if isinstance(column.type, NEEDS_WORK)]
        if unfit:
            raise TypeError(f"columns that the driver does not give as they are: {', '.join(map(str, unfit))}")
        self._query = query
        self._direct = Direct(query)
        self._row = row

    def first(self, database: Database, **parameters: Any) -> R | None:
        """The row, None if there is none."""
        found: Sequence[Any] | None
        if database.single is None:
            with database.engine.connect() as connection:
                found = connection.execute(self._query, parameters).first()
        else:
            with database.single() as connection:
                rows = self._direct.rows(connection, parameters)
                found = rows[0] if rows else None
        return None if found is None else self._row(*found)
