"""Freezes the present schema with a row in every table, so that all migrations to come are tested with them.

`make freeze` does it: when a version is released, and when a migration has added a table.
"""

import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from one_of_everything import fill
from released_data import FOLDER, Release, rows_of
from server_bench import settings_for, start

from server_app.initialise import initialise
from server_app.models import Base


def freeze(folder: Path) -> Release:
    """What a server of the present version with one of everything keeps.

    Args:
        folder: an empty one, for that server.
    """
    settings = settings_for(folder)
    initialise(settings)
    bench = start(settings)
    fill(bench)
    with closing(bench.database), bench.database.engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        assert revision is not None
        tables = rows_of(connection, set(Base.metadata.tables))
    keys = tuple(settings.secret_keys.read_text(encoding="ascii").split())
    return Release(version("server-app"), revision, tables, keys)


def main() -> None:
    """Write the file unless there is one of this version and schema already."""
    with tempfile.TemporaryDirectory() as folder:
        release = freeze(Path(folder))
    file = FOLDER / f"{release.name}-{release.revision}.json"
    if file.exists():
        sys.exit(f"{file} is frozen already; it never changes.")
    file.write_text(release.as_json(), encoding="utf-8")
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
