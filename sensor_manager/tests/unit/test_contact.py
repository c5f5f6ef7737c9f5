"""Enrolment and polls against a real TLS server."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

import pytest
from sensor_support.builders import desired, eventually, service
from sensor_support.mini_server import TOKEN, MiniServer, mini_server

from sensor_manager.server import contact as contact_module
from sensor_manager.server.client import ServerClient
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.config import ConfigError, load_config, registry_of
from sensor_manager.server.contact import ServerContact
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.desired_store import load_desired
from sensor_manager.server.directions import Directions
from sensor_manager.server.enrolment import enrol
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_manager.settings import Settings
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MiniServer]:
    with mini_server(tmp_path) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, server: MiniServer) -> Settings:
    (tmp_path / "state").mkdir()
    made = Settings(
        config=tmp_path / "sensor.json",
        state=tmp_path / "state",
        runtime=tmp_path,
        interface="eth0",
        platform="docker_x86",
        docker="unix:///nowhere",
        docker_certs=tmp_path / "certs.d",
    )
    write_config(made, server)
    return made


def write_config(settings: Settings, server: MiniServer, token: str = TOKEN) -> SensorConfig:
    config = server.config(token)
    settings.config.write_text(config.model_dump_json())
    return config


def report() -> Report:
    return Report(
        observed_at=datetime.now(UTC), firmware="1", platform="docker_x86", architecture=Architecture.AMD64, uptime=1
    )


type Contact = Callable[[], tuple[ServerContact, list[Desired]]]


@pytest.fixture
def contact(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contact]:
    monkeypatch.setattr(contact_module, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(contact_module, "MIN_GAP", 0.05)
    made: list[ServerContact] = []

    def start() -> tuple[ServerContact, list[Desired]]:
        seen: list[Desired] = []
        one = ServerContact(
            settings,
            Credentials(
                settings,
                load_config(settings.config),
                ServerClock(settings.clock),
                directions=Directions(attrgetter("server_url")),
                during=lambda _: nullcontext(),
            ),
            report=report,
            on_desired=seen.append,
            during=lambda _: nullcontext(),
        )
        one.start()
        made.append(one)
        return one, seen

    yield start
    for each in made:
        each.stop()


def test_enrols_polls_and_keeps_the_desired_state(server: MiniServer, settings: Settings, contact: Contact) -> None:
    server.desired = desired(service("cowrie"), ca_chain=server.authority.chain)
    _, seen = contact()
    eventually(lambda: seen, "the desired state arrives")
    assert seen == [server.desired]
    assert settings.key.stat().st_mode & 0o777 == 0o600
    assert not server.tokens
    kept = eventually(lambda: load_desired(settings.desired), "it is kept")
    assert kept.desired == server.desired
    folder = settings.docker_certs / server.address
    assert (folder / "client.key").read_text() == settings.key.read_text()
    assert (folder / "client.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "client.cert").read_text() == settings.certificate.read_text()
    assert (folder / "ca.crt").read_text() == server.authority.chain


def test_unchanged_state_is_not_told_again_and_a_new_one_is(server: MiniServer, contact: Contact) -> None:
    server.desired = desired(ca_chain=server.authority.chain)
    made, seen = contact()
    eventually(lambda: seen, "the desired state arrives")
    polls = len(server.reports)
    made.tell_news()
    eventually(lambda: len(server.reports) > polls, "news are polled at once")
    assert len(seen) == 1
    server.desired = desired(service("cowrie"), generation=2, ca_chain=server.authority.chain)
    eventually(lambda: len(seen) == 2, "the new one arrives")


def test_keeps_trying_until_the_server_is_there(server: MiniServer, contact: Contact) -> None:
    server.available = False
    server.desired = desired(ca_chain=server.authority.chain)
    _, seen = contact()
    assert not seen
    server.available = True
    eventually(lambda: seen, "the desired state arrives after all")


def test_restart_knows_the_state_and_does_not_enrol_again(
    server: MiniServer, settings: Settings, contact: Contact
) -> None:
    server.desired = desired(service("cowrie"), ca_chain=server.authority.chain)
    first, seen = contact()
    eventually(lambda: seen and load_desired(settings.desired), "the desired state arrives and is kept")
    first.stop()
    server.available = False
    key = settings.key.read_text()
    second, _ = contact()
    assert second.last_desired == server.desired
    assert settings.key.read_text() == key


def test_used_token_says_what_to_do_and_a_new_configuration_helps(
    server: MiniServer, settings: Settings, contact: Contact
) -> None:
    server.tokens = {"n" * 32}
    config = load_config(settings.config)
    settings.authorities.write_text(config.ca_chain)
    with (
        ServerClient(server.url, settings.authorities) as client,
        pytest.raises(ServerError, match="download a new configuration") as refused,
    ):
        enrol(client, config, settings)
    assert TOKEN not in str(refused.value)
    server.desired = desired(ca_chain=server.authority.chain)
    _, seen = contact()
    write_config(settings, server, "n" * 32)
    eventually(lambda: seen, "enrolled with the new token")


def test_unusable_desired_state_leaves_the_last_one(server: MiniServer, settings: Settings, contact: Contact) -> None:
    server.desired = desired(service("cowrie"), ca_chain=server.authority.chain)
    _, seen = contact()
    eventually(lambda: seen, "the desired state arrives")
    polls = len(server.reports)
    server.desired = desired(generation=2, ca_chain="no certificates")
    eventually(lambda: len(server.reports) > polls + 1, "it has been polled")
    assert len(seen) == 1
    kept = load_desired(settings.desired)
    assert kept is not None
    assert kept.desired.generation == 1


def test_a_server_of_another_authority_gets_no_token(server: MiniServer, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with mini_server(tmp_path / "other") as impostor:
        settings.authorities.write_text(server.authority.chain)
        with ServerClient(impostor.url, settings.authorities) as client, pytest.raises(ServerError, match="no answer"):
            enrol(client, load_config(settings.config), settings)
        assert impostor.tokens == {TOKEN}


def test_something_else_that_answers_is_told(server: MiniServer, settings: Settings) -> None:
    server.available = False
    settings.authorities.write_text(server.authority.chain)
    with (
        ServerClient(server.url, settings.authorities) as client,
        pytest.raises(ServerError, match="no HoneySens"),
    ):
        identify(client)


@pytest.mark.parametrize(
    ("url", "registry"), [("https://192.0.2.1:8443", "192.0.2.1:8443"), ("https://server", "server:443")]
)
def test_registry_is_never_a_bare_name(url: str, registry: str) -> None:
    assert registry_of(url) == registry


def test_configuration_errors_name_the_fields_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "sensor.json"
    with pytest.raises(ConfigError, match="download the sensor's configuration"):
        load_config(path)
    path.write_text('{"token": "secret-but-too-short", "sensor_id": 0}')
    with pytest.raises(ConfigError, match="sensor_id") as wrong:
        load_config(path)
    assert "secret-but" not in str(wrong.value)
