"""Databases as `init` leaves them, made once per session and put back before each test: migrating takes a second."""

from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, copytree

from alembic.runtime.migration import MigrationContext
from server_bench import SavedLogin, settings_for, start
from sqlalchemy import Connection, text

from server_app.db import Database
from server_app.initialise import initialise
from server_app.models import Base


@dataclass(frozen=True)
class Prepared:
    """A database that a test can have.

    Attributes:
        login: of the administrator, who is there already.
    """

    url: str
    login: SavedLogin


class PreparedFile:
    """SQLite: one file that many tests use one after the other.

    Args:
        folder: what `init` has made; stays as it is.
    """

    def __init__(self, folder: Path) -> None:
        copy = copytree(folder, folder.parent / "for_sqlite")
        bench = start(settings_for(copy))
        self._login = bench.saved_login()
        bench.database.close()
        self._source, self._file = copy / "data" / "server.db", copy.parent / "server.db"

    def restore(self) -> Prepared:
        """Bring the file back to what `init` makes."""
        for leftover in self._file.parent.glob("server.db-*"):
            leftover.unlink()
        copyfile(self._source, self._file)
        return Prepared(f"sqlite:///{self._file}", self._login)


class PreparedDatabase:
    """PostgreSQL: one database that many tests use one after the other.

    Args:
        url: the database, owned by the role that the URL names.
        folder: the folders of `init` that belong to its rows.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._made: tuple[str | None, Prepared] | None = None

    def restore(self) -> Prepared:
        """Bring schema and rows back to what `init` makes, whatever the test before did to them."""
        with Database(self._url).engine.begin() as connection:
            if self._made is not None and self._made[0] == _revision_of(connection):
                connection.execute(text("SELECT kept.put_back()"))
                return self._made[1]
        empty(self._url)
        copy = copytree(self._folder, self._folder.parent / "for_postgres", dirs_exist_ok=True)
        settings = settings_for(copy, database_url=self._url)
        initialise(settings)
        login = start(settings).saved_login()
        with Database(self._url).engine.begin() as connection:
            connection.exec_driver_sql(SCHEMA)
            _keep(connection)
            self._made = _revision_of(connection), Prepared(self._url, login)
        return self._made[1]


def empty(url: str) -> None:
    """Drop everything in a PostgreSQL database."""
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _keep(connection: Connection) -> None:
    """Copy all rows and counters into a schema of its own, with a function that brings them back in one go."""
    names = [table.name for table in Base.metadata.sorted_tables]
    for name in names:
        connection.execute(text(f"CREATE TABLE kept.{name} AS TABLE public.{name}"))
    steps = [DELETE.format(name=name) for name in reversed(names)]
    filled = [name for name in names if connection.scalar(text(f"SELECT EXISTS (TABLE public.{name})"))]
    steps += [f"INSERT INTO public.{name} OVERRIDING SYSTEM VALUE TABLE kept.{name};" for name in filled]
    connection.exec_driver_sql(PUT_BACK.format(steps="\n".join(steps)))


SCHEMA = """
DROP SCHEMA IF EXISTS kept CASCADE;
CREATE SCHEMA kept;
CREATE TABLE kept.all_counters AS
  SELECT sequencename AS name, last_value AS value FROM pg_sequences WHERE schemaname = 'public'
"""
# Not TRUNCATE: it makes new files for every table and index, which takes longer than deleting a few rows.
DELETE = "IF EXISTS (TABLE public.{name}) THEN DELETE FROM public.{name}; END IF;"
PUT_BACK = """
CREATE FUNCTION kept.put_back() RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
{steps}
PERFORM setval('public.' || quote_ident(counter.name), coalesce(counter.value, 1), counter.value IS NOT NULL)
  FROM kept.all_counters counter JOIN pg_sequences now ON now.schemaname = 'public' AND now.sequencename = counter.name
  WHERE now.last_value IS DISTINCT FROM counter.value;
END $body$
"""
