"""Declared objects against the real server application, over TLS; uploads and assignments are in the site scenario."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from roles.server_objects.module_utils.server_objects.api import ApiError, login
from roles.server_objects.module_utils.server_objects.reconcile import Declared, Reconciler, assignment, differs
from server_app.app import create_app
from server_app.initialise import initialise
from server_app.settings import Settings

PASSWORD = "a password for this test"


@dataclass(frozen=True)
class Server:
    url: str
    authority: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    for name in ("data", "ca", "tls"):
        (folder / name).mkdir()
    (folder / "password").write_text(PASSWORD)
    settings = Settings(
        data_dir=folder / "data",
        ca_dir=folder / "ca",
        tls_dir=folder / "tls",
        public_url="https://127.0.0.1:8443",
        server_names=("127.0.0.1",),
        admin_password_file=folder / "password",
    )
    initialise(settings)
    certificate = (str(folder / "tls" / "server.crt"), str(folder / "tls" / "server.key"))
    httpd = make_server("127.0.0.1", 0, create_app(settings), threaded=True, ssl_context=certificate)
    thread = Thread(target=httpd.serve_forever)
    thread.start()
    yield Server(f"https://127.0.0.1:{httpd.server_port}", settings.ca_certificate.read_text())
    httpd.shutdown()
    thread.join()


def reconciled(server: Server, folder: Path, declared: Declared, *, dry_run: bool = False) -> list[str]:
    with login(server.url, server.authority, "admin", PASSWORD) as api:
        work = Reconciler(api, folder, dry_run)
        work.run(declared)
    return work.changes


def sensor(server: Server, name: str) -> dict[str, Any]:
    with login(server.url, server.authority, "admin", PASSWORD) as api:
        return next(item for item in api.items("/sensors") if item["name"] == name)


def declared(name: str, **settings: Any) -> Declared:
    return Declared(divisions=["Berlin"], sensors=[{"name": name, "division": "Dresden", "services": [], **settings}])


def test_only_what_is_missing_is_done(server: Server, tmp_path: Path) -> None:
    wanted = declared("first", location="cellar")
    planned = reconciled(server, tmp_path, wanted, dry_run=True)
    assert planned == [
        "create division Berlin",
        "create division Dresden",
        "create sensor first",
        "fetch the configuration of first",
    ]
    assert not list(tmp_path.iterdir())
    assert reconciled(server, tmp_path, wanted) == planned
    assert reconciled(server, tmp_path, wanted) == []


def test_the_configuration_is_kept_from_others(server: Server, tmp_path: Path) -> None:
    reconciled(server, tmp_path, declared("second"))
    archive = tmp_path / "second.tar.gz"
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["sensor.json"]


def test_settings_are_changed_and_those_left_out_stay(server: Server, tmp_path: Path) -> None:
    reconciled(server, tmp_path, declared("third", location="attic", poll_interval=30))
    assert reconciled(server, tmp_path, declared("third", location="roof")) == ["change sensor third"]
    assert reconciled(server, tmp_path, declared("third", location="roof", poll_interval=30)) == []


def test_a_persona_is_said_once_and_what_is_left_out_stays(server: Server, tmp_path: Path) -> None:
    wanted = declared("fourth", persona={"host_name": "files07", "os_family": "windows"})
    assert "create sensor fourth" in reconciled(server, tmp_path, wanted)
    assert reconciled(server, tmp_path, wanted) == []
    assert reconciled(server, tmp_path, declared("fourth")) == []
    assert reconciled(server, tmp_path, declared("fourth", persona={"host_name": None})) == ["change sensor fourth"]
    shown = sensor(server, "fourth")
    assert (shown["persona"]["host_name"], shown["persona"]["os_family"]) == (None, "windows")


def test_the_persona_of_all_is_said_once_and_holds_where_a_sensor_says_none(server: Server, tmp_path: Path) -> None:
    reconciled(server, tmp_path, declared("fifth"))
    wanted = Declared(persona={"organisation": "Waterworks", "os_family": "linux"})
    assert reconciled(server, tmp_path, wanted, dry_run=True) == ["change the persona of all sensors"]
    assert reconciled(server, tmp_path, wanted) == ["change the persona of all sensors"]
    assert reconciled(server, tmp_path, wanted) == []
    assert sensor(server, "fifth")["effective"]["persona"]["organisation"] == "Waterworks"


@pytest.mark.parametrize(
    ("declared_", "body", "fits"),
    [
        ({"name": "cowrie"}, {"revision": None}, True),
        ({"name": "cowrie", "revision": "1.0"}, {"revision": "1.0"}, False),
        ({"name": "cowrie", "options": {"telnet": False}}, {"revision": None, "options": {"telnet": False}}, True),
        ({"name": "cowrie", "options": {}}, {"revision": None, "options": {}}, False),
    ],
)
def test_options_are_those_declared_and_else_stay(
    declared_: dict[str, Any], body: dict[str, Any], *, fits: bool
) -> None:
    assert assignment(declared_) == body
    assert differs(body, {"revision": None, "options": {"telnet": False}, "address": None}) is not fits


def test_a_refused_login_says_so_and_not_the_password(server: Server) -> None:
    with (
        pytest.raises(ApiError, match="POST /sessions was refused with 401") as refused,
        login(server.url, server.authority, "admin", "wrong one"),
    ):
        pass
    assert "wrong one" not in str(refused.value)


def test_a_server_of_another_authority_is_not_spoken_to(server: Server) -> None:
    with (
        pytest.raises(ApiError, match="cannot be reached"),
        login(server.url.replace("127.0.0.1", "localhost"), server.authority, "admin", PASSWORD),
    ):
        pass
