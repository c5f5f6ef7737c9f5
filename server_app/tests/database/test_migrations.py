"""The schema is made once, whoever starts first, and is what the models say."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, inspect, text

from server_app import migrate
from server_app.accounts.models import LoginFailures
from server_app.db import Database, now
from server_app.models import Base
from server_app.pki import authority


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


def test_certificates_of_the_first_release_are_kept(url: str, tmp_path: Path) -> None:
    """SQLite alters that table by a copy: what refers to it must not be emptied by that."""
    database = Database(url)
    with database.engine.connect() as connection:
        command.upgrade(migrate.configuration(connection), "0001")
        connection.commit()
        _insert_enrolled(connection, _certificate_pem())
        connection.commit()
    migrate.upgrade(database, tmp_path)
    with database.engine.connect() as connection:
        row = connection.execute(text("SELECT kind, key_id, sensor_id FROM certificates")).one()
        assert (row.kind, len(row.key_id), row.sensor_id) == ("sensor", 40, 1)
        assert connection.execute(text("SELECT certificate_id FROM enrolment_tokens")).scalar() == 1
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        connection.rollback()
        command.downgrade(migrate.configuration(connection), "0001")
        connection.commit()
        assert connection.execute(text("SELECT certificate_id FROM enrolment_tokens")).scalar() == 1
    database.close()


def _certificate_pem() -> str:
    made = authority.create(now())
    certificate = made.issue_sensor(authority.new_key().public_key(), 1, now())
    return certificate.public_bytes(Encoding.PEM).decode()


def _insert_enrolled(connection: Connection, pem: str) -> None:
    start, end = "'2026-01-01 00:00:00'", "'2026-04-01 00:00:00'"
    rows = {
        "divisions (id, name)": "1, 'd'",
        "sensors (id, name, location, division_id, created_at)": f"1, 's', '', 1, {start}",
        "certificates (id, sensor_id, fingerprint, serial, pem, not_before, not_after)": (
            f"1, 1, 'f', '1', :pem, {start}, {end}"
        ),
        "enrolment_tokens (id, sensor_id, token_hash, created_at, expires_at, certificate_id)": (
            f"1, 1, 'h', {start}, {end}, 1"
        ),
    }
    for columns, values in rows.items():
        statement = text(f"INSERT INTO {columns} VALUES ({values})")  # noqa: S608 - all of it is written here
        connection.execute(statement, {"pem": pem} if ":pem" in values else {})
