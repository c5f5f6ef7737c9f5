"""The schema is made once, whoever starts first, and is what the models say."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from server_app import migrate
from server_app.accounts.models import LoginFailures
from server_app.db import Database
from server_app.models import Base


@pytest.fixture
def url(database_url: str, tmp_path: Path) -> str:
    return database_url or f"sqlite:///{tmp_path / 'server.db'}"


def test_migrations_and_models_agree(url: str, tmp_path: Path) -> None:
    database = Database(url)
    assert not migrate.is_current(database)
    migrate.upgrade(database, tmp_path)
    assert migrate.differences(database) == []
    assert migrate.is_current(database)
    migrate.upgrade(database, tmp_path)
    database.close()


def test_the_first_migration_can_be_undone_and_done_again(url: str, tmp_path: Path) -> None:
    database = Database(url)
    migrate.upgrade(database, tmp_path)
    with database.engine.connect() as connection:
        command.downgrade(migrate.configuration(connection), "base")
        connection.commit()
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(database, tmp_path)
    assert migrate.differences(database) == []
    database.close()


def test_several_starters_migrate_once(url: str, tmp_path: Path) -> None:
    """With lock files of their own, as on several hosts, where only PostgreSQL's lock is shared."""
    shared = url.startswith("sqlite")

    def upgrade(number: int) -> None:
        folder = tmp_path if shared else tmp_path / str(number)
        folder.mkdir(exist_ok=True)
        database = Database(url)
        migrate.upgrade(database, folder)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, range(4)))

    database = Database(url)
    assert migrate.is_current(database)
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    database.close()


def test_foreign_keys_act_after_migrations(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'server.db'}")
    migrate.upgrade(database, tmp_path)
    with database.engine.connect() as connection:  # the one that migrated: it comes back from the pool
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


def test_moments_come_back_in_utc(url: str, tmp_path: Path) -> None:
    database = Database(url)
    migrate.upgrade(database, tmp_path)
    moment = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with database.writing() as session:
        session.add(LoginFailures(key="k", failures=1, last_at=moment))
    with database.reading() as session:
        read = session.get_one(LoginFailures, "k").last_at
    assert (read, read.tzinfo) == (moment, UTC)
    database.close()


def test_a_moment_without_time_zone_is_a_mistake(url: str, tmp_path: Path) -> None:
    database = Database(url)
    migrate.upgrade(database, tmp_path)
    with pytest.raises(Exception, match="without time zone"), database.writing() as session:
        session.add(LoginFailures(key="k", failures=1, last_at=datetime(2026, 11, 21)))  # noqa: DTZ001 - that is the point
    database.close()


def test_sqlite_survives_a_power_cut_and_has_one_writer(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'server.db'}")
    with database.engine.connect() as connection:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value
    database.close()
