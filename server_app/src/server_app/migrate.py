"""Brings the database to the newest schema. Several starters may try at once: one does it, the others wait."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from server_app.db import Database
from server_app.files import exclusive
from server_app.models import Base

ADVISORY_LOCK = 0x486F6E6579  # "Honey", PostgreSQL's lock across hosts
POSTGRESQL_ONLY = {"ix_events_words", "ix_event_sessions_words"}
"""Indexes over functions, which the models cannot say for both databases: migrations alone know them."""


def upgrade(database: Database, data_dir: Path) -> None:
    """Run the migrations that are missing, all or none of each.

    Args:
        database: the one to bring up to date.
        data_dir: where the lock file is, for SQLite and several processes.

    Raises:
        RuntimeError: the schema is newer than this code.
    """
    with exclusive(data_dir / "migrate.lock"), database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()  # the lock is the connection's and outlives the transaction
        config = configuration(connection)
        _refuse_newer(connection, config)
        command.upgrade(config, "head")
        connection.commit()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()


def is_current(database: Database) -> bool:
    """Whether the schema is the one this code was written for.

    Raises:
        RuntimeError: it is a newer one.
    """
    with database.engine.connect() as connection:
        config = configuration(connection)
        _refuse_newer(connection, config)
        head = ScriptDirectory.from_config(config).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head


def differences(database: Database) -> list[object]:
    """What the migrations and the models disagree about; must be empty."""
    with database.engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: not (kind == "index" and name in POSTGRESQL_ONLY)}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one connection; there is no file, all of it is here."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _refuse_newer(connection: Connection, config: Config) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise RuntimeError(
            f"The database was written by a newer version of HoneySens: its schema is {found}, this version knows up "
            f"to {max(known)}. Start that version again, or restore the backup of before its first start."
        )
