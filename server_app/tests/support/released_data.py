"""Databases as released versions left them: a schema and rows, frozen when the version was released."""

import json
import os
import signal
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from row_counters import go_on_after
from sqlalchemy import Column, Connection, DateTime, MetaData, Table, Uuid, event, select

from server_app import migrate
from server_app.db import Database
from server_app.events.addresses import text_of

FOLDER = Path(__file__).parents[1] / "database" / "released"
type Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Release:
    """A released version: its schema's revision, and rows of every table."""

    name: str
    revision: str
    tables: Tables

    def load(self, database: Database) -> None:
        """Make an empty database what this version left."""
        with database.engine.connect() as connection:
            command.upgrade(migrate.configuration(connection), self.revision)
            connection.commit()
        with database.engine.begin() as connection:
            found = MetaData()
            found.reflect(connection)
            for table in found.sorted_tables:
                rows = [_stored(table, row) for row in self.tables.get(table.name, [])]
                if rows:
                    connection.execute(table.insert(), rows)
                    if connection.dialect.name == "postgresql" and "id" in table.columns:
                        go_on_after(connection, {table.name: rows})


def releases() -> list[Release]:
    """All of them, oldest first."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.json"))]
    return [Release(data["release"], data["revision"], data["tables"]) for data in found]


def rows_of(connection: Connection, names: set[str]) -> Tables:
    """The rows of some tables, whatever the schema is at the moment, in the words of the frozen files."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in names)
    return {
        table.name: [
            {name: _frozen(value) for name, value in row.items()}
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
        ]
        for table in found.sorted_tables
    }


def upgrade_and_die(url: str, folder: Path, statements: int) -> None:
    """Migrate, and be killed after so many statements that change something."""
    database = Database(url)
    seen = 0

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal seen
        if statement.lstrip().upper().startswith(("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")):
            seen += 1
            if seen == statements:
                os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.engine, "after_cursor_execute", count)
    migrate.upgrade(database, folder)


def _stored(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(table.columns[name], value) for name, value in row.items()}


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        moment = datetime.fromisoformat(value)
        return moment if column.type.timezone else moment.replace(tzinfo=None)
    return uuid.UUID(value) if isinstance(column.type, Uuid) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, bytes):
        return text_of(value)  # an address; the first release kept its text
    return value.hex if isinstance(value, uuid.UUID) else value
