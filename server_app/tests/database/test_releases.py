"""Every released version's data survives the way to today's schema, and back; a newer schema is left alone."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from dying_worker import Point, killed_in
from patience import PATIENCE
from prepared_database import Prepared
from released_data import Release, Tables, releases, rows_of, upgrade
from server_process import Server
from sqlalchemy import text

from server_app import migrate
from server_app.at_rest.keys import SecretKeys
from server_app.db import Database

KILLED_AT = [
    Point("CREATE TABLE preferences"),  # the first one
    Point("INSERT INTO event_sessions ("),
    Point("INSERT INTO events ("),
    Point("DROP TABLE events_old"),
    Point("UPDATE events SET words"),
    Point("UPDATE event_sessions SET words"),
]
"""Where all events are written anew, with the words of each, as well as between changes of the schema."""
MOVED = {("events", "session")}
"""Columns that another table has since; that the way back finds them again says that nothing is lost."""


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Any:
    keys = SecretKeys(tmp_path / "secret.keys")
    keys.create()
    database = Database(database_url or f"sqlite:///{tmp_path / 'server.db'}", keys)
    yield database
    database.close()


def rows(database: Database, release: Release) -> Tables:
    with database.engine.connect() as connection:
        return rows_of(connection, set(release.tables))


def lost(before: Tables, after: Tables) -> list[str]:
    """What is no longer there or no longer the same; columns that came since do not matter."""
    return [
        f"{name}: {old} became {new}"
        for name in before
        for old, new in zip(before[name], after.get(name, []) + [{}] * len(before[name]), strict=False)
        if any(new.get(column) != value for column, value in old.items() if (name, column) not in MOVED)
    ]


@pytest.mark.parametrize("release", releases(), ids=lambda release: f"{release.name}-{release.revision}")
def test_data_of_every_release_survives_the_way_up_and_down(
    release: Release, database: Database, tmp_path: Path
) -> None:
    release.load(database)
    before = rows(database, release)
    assert before == release.tables

    migrate.upgrade(database, tmp_path)

    assert migrate.is_current(database)
    assert migrate.differences(database) == []
    assert lost(before, rows(database, release)) == []
    with database.engine.connect() as connection:
        command.downgrade(migrate.configuration(connection), release.revision)
        connection.commit()
    assert rows(database, release) == before


@pytest.mark.parametrize("point", KILLED_AT, ids=lambda point: point.statement)
def test_a_migration_killed_in_the_middle_leaves_a_schema_that_can_go_on(
    database: Database, tmp_path: Path, point: Point
) -> None:
    release = releases()[0]
    release.load(database)
    url = database.engine.url.render_as_string(hide_password=False)
    database.close()

    killed_in(point, upgrade, url, tmp_path)

    assert not migrate.is_current(database)
    assert rows(database, release) == release.tables, "old: nothing of the new schema is there"
    migrate.upgrade(database, tmp_path)
    assert migrate.differences(database) == []
    assert lost(release.tables, rows(database, release)) == []


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Any:
    server = Server(tmp_path, "http://127.0.0.1:9", database_url)
    yield server
    server.end()


@pytest.mark.parametrize("command_name", ["init", "web", "worker"])
def test_a_newer_schema_is_left_alone(tmp_path: Path, prepared: Prepared, initialised: Path, command_name: str) -> None:
    server = Server(tmp_path, "http://127.0.0.1:9", prepared.url, initialised)
    database = Database(prepared.url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    done = server.run(command_name)

    assert done.returncode == 1
    assert "newer version of HoneySens" in done.stderr
    assert "9999" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_several_starters_of_a_new_version_migrate_once(server: Server, database_url: str) -> None:
    database = Database(database_url or f"sqlite:///{server.folder}/data/server.db")
    release = releases()[0]
    release.load(database)

    starters = [server.start("init") for _ in range(3)]

    assert [starter.wait(PATIENCE) for starter in starters] == [0, 0, 0]
    assert migrate.is_current(database)
    assert lost(release.tables, rows(database, release)) == []
    database.close()
