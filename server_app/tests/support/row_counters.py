"""Where a database goes on numbering rows: rows inserted with their numbers do not move PostgreSQL's counters on."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text


def go_on_after(connection: Connection, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Let the next row of each table, by name, have the number after the highest of these, or 1."""
    for name, present in rows.items():
        highest = max((row["id"] for row in present if "id" in row), default=0)
        reset = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :value, :called)")
        connection.execute(reset, {"table": name, "value": highest or 1, "called": highest > 0})
