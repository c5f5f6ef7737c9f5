from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from shared_parts import application
from web_site import BASE_URL, PASSWORD, Site

from server_app.accounts.models import Role
from server_app.accounts.service import create_user
from server_app.db import Database
from server_app.migrate import upgrade
from server_app.settings import Settings


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the newest schema and one administrator; each test gets a copy."""
    folder = tmp_path_factory.mktemp("prepared")
    database = Database(f"sqlite:///{folder / 'server.db'}")
    upgrade(database, folder)
    with database.writing() as session:
        create_user(session, "admin", PASSWORD, Role.ADMIN)
    database.close()
    return folder


@pytest.fixture
def site(prepared: Path, tmp_path: Path) -> Iterator[Site]:
    """An empty server with one administrator."""
    data = copytree(prepared, tmp_path / "data")
    app = application(Settings(data_dir=data, public_url=BASE_URL))
    site = Site(app, app.test_client())
    yield site
    site.context.database.close()
