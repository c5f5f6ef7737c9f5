"""All rows as they were at one moment: what has changed since, and how it becomes as it was.

SQL alone, as the databases have them: to read and write everything by the models took most of the time of those who ask
after each call.
"""

import sqlite3
from contextlib import closing
from typing import Any, Protocol

from sqlalchemy import Table

from server_app.db import Database
from server_app.models import Base

TABLES = Base.metadata.sorted_tables
"""Those that are referred to stand before those that refer to them."""


class FirstState(Protocol):
    """The rows of all tables at the time this was made."""

    def changed(self) -> set[str]:
        """The tables whose rows are others than then."""

    def put_back(self, names: set[str]) -> None:
        """Bring tables that have changed back, and nothing else."""

    def forget(self) -> None:
        """Leave the database as if this had never been."""


def first_state(database: Database) -> FirstState:
    """The present rows of a database."""
    if database.engine.dialect.name == "sqlite":
        return _InMemory(str(database.engine.url.database))
    return _InSchema(database)


class _InMemory:
    """SQLite: rows are read within this process for less than a statement of a server takes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._before = self._read()

    def changed(self) -> set[str]:
        return {name for name, rows in self._read().items() if rows != self._before[name]}

    def put_back(self, names: set[str]) -> None:
        with closing(sqlite3.connect(self._file, autocommit=True)) as connection:
            # A connection that does not ask for them has no foreign keys: other tables stay as they are.
            connection.execute("BEGIN IMMEDIATE")
            for name in names:
                connection.execute(DELETE.format(name=name))
                if rows := self._before[name]:
                    values = ", ".join("?" * len(rows[0]))
                    connection.executemany(INSERT.format(name=name, values=values), rows)
            connection.execute("COMMIT")

    def forget(self) -> None:
        """Nothing of this is in the database."""

    def _read(self) -> dict[str, list[Any]]:
        with closing(sqlite3.connect(self._file, autocommit=True)) as connection:
            connection.execute("BEGIN")
            return {table.name: connection.execute(_ordered(table)).fetchall() for table in TABLES}


class _InSchema:
    """PostgreSQL: copies of the tables beside them, which the server compares and brings back without sending a row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        names = [table.name for table in TABLES]
        self._question = " UNION ALL ".join(DIFFERS.format(name=name) for name in names)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS first_state CASCADE; CREATE SCHEMA first_state")
            for name in names:
                connection.exec_driver_sql(COPY.format(name=name))

    def changed(self) -> set[str]:
        with self._database.engine.connect() as connection:
            return {name for (name,) in connection.exec_driver_sql(self._question)}

    def put_back(self, names: set[str]) -> None:
        touched = _with_those_that_refer_to(names)
        steps = [DELETE.format(name=name) for name in reversed(touched)]
        steps += [FILL.format(name=name) for name in touched]
        with self._database.engine.begin() as connection:
            connection.exec_driver_sql(";".join(steps))

    def forget(self) -> None:
        with self._database.engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA first_state CASCADE")


READ = "SELECT * FROM {name} ORDER BY {columns}"
DELETE = "DELETE FROM {name}"
INSERT = "INSERT INTO {name} VALUES ({values})"
COPY = "CREATE TABLE first_state.{name} AS TABLE public.{name}"
FILL = "INSERT INTO public.{name} OVERRIDING SYSTEM VALUE TABLE first_state.{name}"
# Rows as text: there are types, such as JSON, whose values are not compared.
DIFFERS = """
SELECT '{name}' WHERE EXISTS (SELECT t::text FROM public.{name} t EXCEPT ALL SELECT t::text FROM first_state.{name} t)
  OR (SELECT count(*) FROM public.{name}) <> (SELECT count(*) FROM first_state.{name})
"""


def _with_those_that_refer_to(names: set[str]) -> list[str]:
    """Tables, and all whose rows may go with one of theirs; in the order in which they can be filled."""
    found: list[str] = []
    for table in TABLES:
        if table.name in names or any(key.column.table.name in found for key in table.foreign_keys):
            found.append(table.name)
    return found


def _ordered(table: Table) -> str:
    columns = ", ".join(column.name for column in table.primary_key.columns)
    return READ.format(name=table.name, columns=columns)
