"""Databases as released versions left them: a schema and rows, frozen when the version was released."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from row_counters import go_on_after
from sqlalchemy import JSON, Column, Connection, DateTime, LargeBinary, MetaData, Table, Uuid, select

from server_app import migrate
from server_app.at_rest.keys import MODE, keys_of
from server_app.db import Database
from server_app.events.addresses import key_of, text_of
from server_app.files import write_atomically

FOLDER = Path(__file__).parents[1] / "database" / "released"
type Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Release:
    """A released version: its schema's revision, rows of every table, and the keys of the secrets in them."""

    name: str
    revision: str
    tables: Tables
    keys: tuple[str, ...] = ()

    def as_json(self) -> str:
        """The same as `releases` reads it."""
        data = {"release": self.name, "revision": self.revision, "keys": self.keys, "tables": self.tables}
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"

    def load(self, database: Database) -> None:
        """Make an empty database what this version left, and its keys those of the secrets in there."""
        if self.keys:
            write_atomically(keys_of(database.engine.dialect).file, "\n".join(self.keys).encode(), MODE)
        with database.engine.connect() as connection:
            command.upgrade(migrate.configuration(connection), self.revision)
            connection.commit()
        with database.engine.begin() as connection:
            found = MetaData()
            found.reflect(connection)
            for table in found.sorted_tables:
                for column in table.columns:
                    if isinstance(column.type, JSON):
                        column.type.none_as_null = True
                rows = [_stored(table, row) for row in self.tables.get(table.name, [])]
                if rows:
                    connection.execute(table.delete())  # what migrations themselves have put there
                    connection.execute(table.insert(), rows)
                    if connection.dialect.name == "postgresql" and "id" in table.columns:
                        go_on_after(connection, {table.name: rows})


def releases() -> list[Release]:
    """All of them, oldest first."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.json")]
    known = [Release(one["release"], one["revision"], one["tables"], tuple(one.get("keys", ()))) for one in found]
    return sorted(known, key=lambda release: release.revision)


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


def upgrade(url: str, folder: Path) -> None:
    """Migrate; for a process of its own."""
    migrate.upgrade(Database(url), folder)


def _stored(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(table.columns[name], value) for name, value in row.items()}


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        moment = datetime.fromisoformat(value)
        return moment if column.type.timezone else moment.replace(tzinfo=None)
    if isinstance(column.type, LargeBinary):
        return key_of(value)
    return uuid.UUID(value) if isinstance(column.type, Uuid) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, bytes):
        return text_of(value)  # an address; the first release kept its text
    return value.hex if isinstance(value, uuid.UUID) else value
