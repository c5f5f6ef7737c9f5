"""Alembic's entry: runs within the connection that `server_app.migrate` holds the lock with."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection

from server_app.models import Base


@contextmanager
def rows_of_others_stay(connection: Connection) -> Iterator[None]:
    """Foreign keys do not act while SQLite's tables are altered, and are checked before the end.

    SQLite alters a table by dropping it for a copy, and dropping deletes whatever refers to its rows.
    """
    driver = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    connection.commit()  # the pragma does nothing within a transaction
    cursor = driver.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        connection.commit()
    finally:
        connection.rollback()  # of what failed; the pragma does nothing before
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite cannot alter most things in place
    transactional_ddl=True,  # both databases roll a broken migration back
    compare_type=True,
)
with rows_of_others_stay(connection), context.begin_transaction():
    context.run_migrations()
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"The migration would leave rows that refer to nothing: {broken[:5]}.")
