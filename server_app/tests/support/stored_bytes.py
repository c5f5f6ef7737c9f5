"""All that a copy of the database would hold."""

from pathlib import Path

from sqlalchemy import text

from server_app.db import Database


def stored(database: Database) -> str:
    """The raw rows of every table; with SQLite also the bytes of its files, free space and log included."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        else:
            names = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        tables = list(connection.scalars(text(names)))
        found = [repr(connection.execute(text(f'SELECT * FROM "{table}"')).all()) for table in tables]  # noqa: S608
    assert "sensors" in tables
    assert "preferences" in tables
    file = database.engine.url.database
    if database.engine.dialect.name == "sqlite" and file:
        found += [path.read_bytes().decode("latin-1") for path in sorted(Path(file).parent.glob(f"{Path(file).name}*"))]
    return "\n".join(found)
