"""A server for each test, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from argon2 import PasswordHasher
from postgres_container import postgres
from prepared_database import Prepared, PreparedDatabase, PreparedFile, empty
from registry_process import registry
from server_bench import Bench, settings_for, start
from shared_parts import ENGINES

from server_app import engines
from server_app.accounts import passwords
from server_app.initialise import initialise

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """The same hashing with the least work: a tenth of a second for each login was half of all tests' time."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cheap)
        yield


@pytest.fixture(scope="session", autouse=True)
def _shared_engines() -> Iterator[None]:
    """Statements compiled once per process, as in a server that runs for long."""
    with pytest.MonkeyPatch.context() as patch:
        for name, make in ENGINES.items():
            patch.setattr(engines, name, make)
        yield


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="module")
def emptied_postgres_url(postgres_url: str) -> str:
    """The same, with nothing in it; for what lives as long as a module."""
    empty(postgres_url)
    return postgres_url


@pytest.fixture(scope="session")
def registry_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` makes of empty folders; each test gets a copy."""
    folder = tmp_path_factory.mktemp("initialised")
    initialise(settings_for(folder))
    return folder


@pytest.fixture(scope="session")
def prepared_sqlite(initialised: Path) -> PreparedFile:
    return PreparedFile(initialised)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, or an empty text for SQLite in the data folder."""
    if request.param == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgres_url")
    empty(url)
    return url


@pytest.fixture(scope="session")
def prepared_postgres(postgres_url: str, initialised: Path) -> PreparedDatabase:
    return PreparedDatabase(postgres_url, initialised)


@pytest.fixture(params=DATABASES)
def prepared(request: pytest.FixtureRequest) -> Prepared:
    """A database as `init` leaves it; the same URL for all tests, and so the same engine."""
    place: PreparedFile | PreparedDatabase
    place = request.getfixturevalue("prepared_sqlite" if request.param == "sqlite" else "prepared_postgres")
    return place.restore()


@pytest.fixture
def bench(initialised: Path, tmp_path: Path, prepared: Prepared) -> Iterator[Bench]:
    """A server as `init` leaves it: one administrator, one division."""
    folder = copytree(initialised, tmp_path / "server", ignore=ignore_patterns("server.db"))
    bench = start(settings_for(folder, database_url=prepared.url), just_initialised=True)
    bench.admit(prepared.login)
    yield bench
    if prepared.url.startswith("sqlite"):  # the next test puts another file into its place
        bench.database.close()


@pytest.fixture
def cataloguing(bench: Bench, registry_url: str) -> Iterator[Bench]:
    """The same server with a registry."""
    settings = bench.settings.model_copy(update={"registry_url": registry_url, "max_upload_bytes": 50 * 1024 * 1024})
    with_registry = start(settings)
    yield with_registry
    with_registry.database.close()
