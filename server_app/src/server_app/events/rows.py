"""Writing many rows with one statement, whatever their number: it is built once."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from typing import cast as cast_type

from pydantic_core import to_json
from sqlalchemy import JSON, ColumnElement, Connection, Table, Text, bindparam, cast, column, func, select, table
from sqlalchemy import Column as TableColumn
from sqlalchemy.dialects import postgresql, sqlite

from server_app.db import Base
from server_app.direct import Direct
from server_app.events.addresses import key_of
from server_app.events.columns import Address

type Insert = postgresql.Insert | sqlite.Insert


class BulkInsert:
    """`INSERT … ON CONFLICT …` of rows given as dictionaries of the same keys, JSON columns as text.

    PostgreSQL takes all rows as one JSON array; SQLite, which has no network to cross, one by one.

    Args:
        model: the table.
        columns: what the rows have.
        conflict: adds to the statement what happens with a row that is there.
        returning: the columns that are wanted back.
    """

    def __init__(
        self,
        model: type[Base],
        columns: Sequence[str],
        conflict: Callable[[Insert], Insert] = lambda insert: insert,
        returning: Sequence[str] = (),
    ) -> None:
        self._columns: list[TableColumn[Any]] = [column_of(model, name) for name in columns]
        self._returning = bool(returning)
        back = [column_of(model, name) for name in returning]
        self._addresses = [one.name for one in self._columns if isinstance(one.type, Address)]
        target = cast_type("Table", model.__table__)
        arriving = _from_json(self._columns)
        on_postgresql = conflict(postgresql.insert(target).from_select(list(columns), arriving, include_defaults=False))
        texts = table(model.__tablename__, *(column(one.name, _sent(one)) for one in self._columns))
        on_sqlite = conflict(sqlite.insert(texts))
        self._postgresql = Direct(on_postgresql.returning(*back) if back else on_postgresql)
        self._sqlite = on_sqlite.returning(*back) if back else on_sqlite

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> Sequence[tuple[Any, ...]]:
        """Insert the rows; what they have beside the columns does not matter.

        Returns:
            The wanted columns of each.
        """
        if not rows:
            return []
        if connection.dialect.name == "postgresql":
            values = [row | {name: _bytea(row[name]) for name in self._addresses} for row in rows]
            parameters = {"rows": to_json(values).decode()}
            return self._postgresql.all(connection, parameters)
        values = [{one.name: row[one.name] for one in self._columns} for row in rows]
        if self._returning:
            return [tuple(connection.execute(self._sqlite, row).one()) for row in values]
        connection.execute(self._sqlite, values)
        return []


def column_of(model: type[Base], name: str) -> TableColumn[Any]:
    """A column of a table."""
    found = model.__table__.columns[name]
    if not isinstance(found, TableColumn):
        raise TypeError(f"{name} is no column of {model.__tablename__}")
    return found


def _from_json(columns: list[TableColumn[Any]]) -> Any:
    names = [column(one.name, _sent(one)) for one in columns]
    given = cast(bindparam("rows", type_=Text), postgresql.JSON)
    rows = func.json_to_recordset(given).table_valued(*names, name="r").render_derived(with_types=True)
    # JSON within JSON travels as text: as JSON it would be unescaped, and PostgreSQL's text has no NUL.
    wanted: list[ColumnElement[Any]] = [
        cast(rows.c[one.name], postgresql.JSON) if isinstance(one.type, JSON) else rows.c[one.name] for one in columns
    ]
    return select(*wanted).select_from(rows)


def _sent(one: TableColumn[Any]) -> Any:
    return Text() if isinstance(one.type, JSON) else one.type


@lru_cache(maxsize=4096)
def _bytea(address: str) -> str:
    return "\\x" + key_of(address).hex()
