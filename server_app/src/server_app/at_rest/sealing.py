"""All secrets of the database at once: which of them cannot be opened, and sealing them anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, select, update

from server_app.at_rest.columns import HiddenText, JsonWithHidden
from server_app.at_rest.hidden import Hidden
from server_app.at_rest.keys import SecretUnreadable


@dataclass(frozen=True)
class _Place:
    table: Table
    column: Column[Any]
    key: tuple[Any, ...]
    value: Any

    @property
    def secrets(self) -> dict[str, Hidden]:
        """By what people may call each of them."""
        where = f"{self.table.name} {', '.join(map(str, self.key))}"
        if isinstance(self.value, Hidden):
            return {f"{where}: {self.column.name}": self.value}
        return {f"{where}: {name}": field for name, field in self.value.items() if isinstance(field, Hidden)}


def unreadable(connection: Connection, tables: MetaData) -> list[str]:
    """The secrets whose key is missing, such as `sensors 7: proxy_password`."""
    secrets = (item for place in _places(connection, tables) for item in place.secrets.items())
    return [name for name, secret in secrets if not _opens(secret)]


def seal_anew(connection: Connection, tables: MetaData) -> int:
    """Seal every secret with the newest key; how many there are.

    Raises:
        SecretUnreadable: one of them cannot be opened.
    """
    count = 0
    for place in _places(connection, tables):
        count += len(place.secrets)
        fresh = (
            Hidden(place.value.text)
            if isinstance(place.value, Hidden)
            else {
                name: Hidden(field.text) if isinstance(field, Hidden) else field for name, field in place.value.items()
            }
        )
        same = (column == value for column, value in zip(place.table.primary_key, place.key, strict=True))
        connection.execute(update(place.table).where(*same).values({place.column: fresh}))
    return count


def _places(connection: Connection, tables: MetaData) -> Iterator[_Place]:
    for table in tables.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, HiddenText | JsonWithHidden):
                rows = select(*table.primary_key, column).where(column.is_not(None)).with_for_update()
                for *key, value in connection.execute(rows).all():
                    yield _Place(table, column, tuple(key), value)


def _opens(secret: Hidden) -> bool:
    try:
        return secret.text is not None
    except SecretUnreadable:
        return False
