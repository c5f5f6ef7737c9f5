"""PostgreSQL as `init` leaves it, made once per session and put back before each test: migrating takes a second."""

from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Any

from alembic.runtime.migration import MigrationContext
from row_counters import go_on_after, used_counters
from server_bench import settings_for
from sqlalchemy import Connection, literal, select, text, union_all

from server_app.db import Database
from server_app.initialise import initialise
from server_app.models import Base


@dataclass
class PreparedDatabase:
    """One database that many tests use one after the other.

    Args:
        url: the database, owned by the role that the URL names.
        folder: the folders of `init` that belong to its rows.
    """

    url: str
    folder: Path
    _revision: str | None = None
    _rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def restore(self) -> None:
        """Bring schema and rows back to what `init` makes, whatever the test before did to them."""
        database = Database(self.url)
        with database.engine.begin() as connection:
            if self._revision is not None and _revision_of(connection) == self._revision:
                _put_back(connection, self._rows)
                return
        empty(self.url)
        copy = copytree(self.folder, self.folder.parent / "copy", dirs_exist_ok=True)
        initialise(settings_for(copy, database_url=self.url))
        with database.engine.connect() as connection:
            self._revision, self._rows = _revision_of(connection), _rows_of(connection)


def empty(url: str) -> None:
    """Drop everything in a PostgreSQL database."""
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _rows_of(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for table in Base.metadata.sorted_tables
    }


def _put_back(connection: Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    # Not TRUNCATE: it makes new files for every table and index, which takes longer than deleting a few rows.
    tables = Base.metadata.sorted_tables
    looks = [select(literal(table.name)).where(select(table).exists()) for table in tables]
    filled = set(connection.scalars(union_all(*looks)))
    for table in reversed(tables):
        if table.name in filled:
            connection.execute(table.delete())
    for table in tables:
        if rows[table.name]:
            connection.execute(table.insert(), rows[table.name])
    filled = used_counters(connection) | {name for name, present in rows.items() if present}
    counted = {table.name for table in tables if "id" in table.columns}
    go_on_after(connection, {name: rows[name] for name in filled & counted})
