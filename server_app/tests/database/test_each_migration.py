"""Each migration, undone and done again with rows in every table: what others keep stays as it was."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext
from freeze_release import freeze
from released_data import Tables, releases, rows_of
from sqlalchemy import inspect

from server_app import migrate
from server_app.at_rest.keys import SecretKeys
from server_app.db import Database
from server_app.models import Base

CHANGED_ON_THE_WAY_BACK = {
    "0004": {"tasks"},  # cancelled ones have failed
    "0013": {"certificates"},  # those that are not sensors' go
    "0018": {"events", "event_sessions"},  # those of removed sensors go
    "0023": {"sensors", "preferences"},  # secrets are opened
    "0025": {"event_totals", "counted_up_to"},  # weeks that are not over have totals
    "0026": {"preferences"},  # personas go
}
"""Tables of which the way back from a revision changes what it does not take away altogether."""
ONLY_RISES = {"desired_version"}


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Any:
    url = database_url or f"sqlite:///{tmp_path / 'server.db'}"
    database = Database(url, SecretKeys(tmp_path / "secret.keys"))
    yield database
    database.close()


def rows(database: Database) -> Tables:
    with database.engine.connect() as connection:
        return rows_of(connection, set(inspect(connection).get_table_names()) - {"alembic_version"})


def revision(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(MigrationContext.configure(connection).get_current_revision())


def step(database: Database, direction: str) -> None:
    with database.engine.connect() as connection:
        move = command.upgrade if direction == "+1" else command.downgrade
        move(migrate.configuration(connection), direction)
        connection.commit()


def differing(before: Tables, after: Tables, but: set[str]) -> list[str]:
    """Tables of which something is no longer there or no longer the same, as far as both schemas have them."""
    found = []
    for name in before.keys() & after.keys() - but:
        columns = set(before[name][0]) & set(after[name][0]) if before[name] and after[name] else set()
        if [_only(row, columns) for row in before[name]] != [_only(row, columns) for row in after[name]]:
            found.append(f"{name}: {before[name]} became {after[name]}")
    return found


def _only(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    return {name: row[name] for name in columns}


def test_each_migration_leaves_the_rows_of_others_alone(database: Database, tmp_path: Path) -> None:
    releases()[-1].load(database)
    migrate.upgrade(database, tmp_path)
    first, undone = releases()[0].revision, 0
    while (number := revision(database)) != first:
        above = rows(database)
        step(database, "-1")
        below = rows(database)
        assert [name for name, found in below.items() if not found] == [], f"below {number}: nothing to migrate"
        assert differing(above, below, CHANGED_ON_THE_WAY_BACK.get(number, set())) == [], f"{number} undone"
        step(database, "+1")
        step(database, "-1")
        assert differing(below, rows(database), ONLY_RISES) == [], f"{number} done and undone"
        undone += 1
    assert undone >= 24
    migrate.upgrade(database, tmp_path)
    assert migrate.differences(database) == []


@pytest.mark.parametrize("release", releases(), ids=lambda release: f"{release.name}-{release.revision}")
def test_a_frozen_release_has_rows_in_every_table(release: Any, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'server.db'}", SecretKeys(tmp_path / "secret.keys"))
    release.load(database)
    assert [name for name, found in rows(database).items() if not found] == []
    database.close()


def test_the_newest_frozen_release_has_every_table_of_today() -> None:
    missing = set(Base.metadata.tables) - releases()[-1].tables.keys()
    assert missing == set(), "let one_of_everything.py fill them, and run `make freeze`"


def test_what_is_frozen_has_a_row_in_every_table_and_can_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "frozen").mkdir()
    release = freeze(tmp_path / "frozen")
    assert [name for name in Base.metadata.tables if not release.tables.get(name)] == []
    database = Database(f"sqlite:///{tmp_path / 'server.db'}", SecretKeys(tmp_path / "secret.keys"))
    release.load(database)
    assert migrate.is_current(database)
    assert rows(database) == release.tables
    database.close()
