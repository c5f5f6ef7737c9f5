"""Brings the database to the newest schema. Several starters may try at once: one does it, the others wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from server_app.db import Database
from server_app.models import Base

ADVISORY_LOCK = 0x486F6E6579  # "Honey", PostgreSQL's lock across hosts


def upgrade(database: Database, data_dir: Path) -> None:
    """Run the migrations that are missing, all or none of each.

    Args:
        database: the one to bring up to date.
        data_dir: where the lock file is, for SQLite and several processes.
    """
    with exclusive(data_dir / "migrate.lock"), database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()  # the lock is the connection's and outlives the transaction
        config = configuration(connection)
        command.upgrade(config, "head")
        connection.commit()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()


def is_current(database: Database) -> bool:
    """Whether the schema is the one this code was written for."""
    with database.engine.connect() as connection:
        head = ScriptDirectory.from_config(configuration(connection)).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head


def differences(database: Database) -> list[object]:
    """What the migrations and the models disagree about; must be empty."""
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one connection; there is no file, all of it is here."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold a lock among the processes that share the file's folder."""
    with lock_file.open("a") as file:
        flock(file, LOCK_EX)
        yield
