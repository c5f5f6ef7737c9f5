"""Through real proxies to the server, where there is no other way; logins stay out of sight."""

import shutil
import socket
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path

import pytest
from sensor_support.beyond_proxy import BASIC, NTLM, PASSWORD, lan_with_a_way_out, server_beyond
from sensor_support.builders import desired
from sensor_support.engine import DOCKER, NestedEngine, nested_engine, publish_image
from sensor_support.mini_server import MiniServer
from sensor_support.namespaces import SENSOR, SERVER, Lan, path, sh
from sensor_support.squid import PORT, squid

from sensor_manager.effects.cntlm import Cntlm
from sensor_manager.effects.engine_proxy import set_engine_proxy
from sensor_manager.effects.errors import EffectError
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_manager.log import configure_logging
from sensor_manager.plan.proxy import ProxyPlace, engine_url, needs_tunnel, place
from sensor_manager.server.clock import ServerClock
from sensor_manager.server.credentials import Credentials
from sensor_manager.server.directions import Directions
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identity import certificate_request, give_to_engine, make_key
from sensor_manager.server.poll import poll
from sensor_manager.settings import Settings
from sensor_wire.v1.architecture import Architecture
from sensor_wire.v1.network import Proxy
from sensor_wire.v1.poll import Report

pytestmark = pytest.mark.netns


@pytest.fixture
def net() -> Iterator[Lan]:
    with lan_with_a_way_out() as made:
        yield made


@pytest.fixture
def server(net: Lan, tmp_path: Path) -> Iterator[MiniServer]:
    with server_beyond(net, tmp_path) as made:
        made.desired = desired(ca_chain=made.authority.chain)
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
    made.config.write_text(server.config().model_dump_json())
    return made


def on_the_sensor[T](net: Lan, action: Callable[[], T]) -> T:
    return in_network_namespace(path(net.sensor), action)


def enrol_and_poll(settings: Settings, server: MiniServer, proxy: ProxyPlace | None) -> None:
    """Do what the manager's thread does."""
    credentials = Credentials(
        settings,
        server.config(),
        ServerClock(settings.clock),
        directions=Directions(attrgetter("server_url"), lambda: proxy),
        during=lambda _: nullcontext(),
    )
    credentials.provide()
    with credentials.connect() as client:
        now = datetime.now(UTC)
        poll(client, Report(observed_at=now, firmware="1", platform="bbb", architecture=Architecture.AMD64), None)


def command_lines() -> str:
    """What everybody on the machine can see of all processes."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(each.read_text(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)


@pytest.mark.parametrize("proxy", [BASIC, NTLM], ids=["basic", "ntlm"])
def test_enrols_and_polls_through_a_proxy_with_login(
    net: Lan, settings: Settings, server: MiniServer, proxy: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    cntlm = Cntlm(settings.cntlm)
    seen: list[str] = []

    def talk() -> None:
        try:
            enrol_and_poll(settings, server, place(proxy, cntlm.tunnel(proxy) if needs_tunnel(proxy) else None))
            seen.append(command_lines())
            if proxy is NTLM:
                assert settings.cntlm.stat().st_mode & 0o777 == 0o600
                assert "cntlm" in seen[0]
                listening = sh("ip", "netns", "exec", net.sensor, "ss", "-Hltn")
                assert "127.0.0.1:3128" in listening
                assert f"{SENSOR}:3128" not in listening
                assert "0.0.0.0:3128" not in listening
        finally:
            cntlm.close()

    with squid(net.lan, SERVER, proxy) as running:
        on_the_sensor(net, talk)
        assert len(server.reports) == 1
        assert f"CONNECT {server.address}" in running.log
        assert " sensor " in running.log
    assert PASSWORD not in seen[0]
    assert PASSWORD not in capsys.readouterr().out
    assert not settings.cntlm.exists()


def test_without_the_right_login_the_reason_is_told_and_the_login_is_not(
    net: Lan, settings: Settings, server: MiniServer
) -> None:
    wrong = BASIC.model_copy(update={"password": "wr0ng"})

    def talk(proxy: Proxy | None) -> str:
        with pytest.raises(ServerError) as refused:
            enrol_and_poll(settings, server, place(proxy, None) if proxy else None)
        return str(refused.value)

    with squid(net.lan, SERVER, BASIC):
        for proxy in (wrong, BASIC.model_copy(update={"user": None})):
            said = on_the_sensor(net, partial(talk, proxy))
            assert "407 Proxy Authentication Required" in said
            assert "wr0ng" not in said
        assert "no answer" in on_the_sensor(net, lambda: talk(None))
    assert not server.reports


def greet(listener: socket.socket, answer: bytes) -> None:
    """Be a proxy that answers everything with a page."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(65536)
            connection.sendall(answer)


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "302 Found"])
def test_a_proxys_page_is_never_taken_for_the_server(
    net: Lan, settings: Settings, server: MiniServer, status: str
) -> None:
    page = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nLocation: /\r\n\r\n<h1>Welcome to our network</h1>"
    listener = in_network_namespace(path(net.lan), lambda: socket.create_server((SERVER, PORT)))
    threading.Thread(target=greet, args=(listener, page.encode()), daemon=True).start()
    open_proxy = BASIC.model_copy(update={"user": None, "password": None})

    def talk() -> str:
        with pytest.raises(ServerError) as refused:
            enrol_and_poll(settings, server, place(open_proxy, None))
        assert refused.value.status is None
        return str(refused.value)

    assert "no answer" in on_the_sensor(net, talk)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    assert not server.reports
    assert server.tokens, "the token is not given to anybody else"
    assert not settings.certificate.exists()


def test_the_engine_is_restarted_when_its_proxy_changes_and_only_then(tmp_path: Path) -> None:
    folder, restarts = tmp_path / "engine-env", tmp_path / "restarts"
    restart = ("sh", "-c", f"echo >>{restarts}")
    assert not set_engine_proxy(folder, None, restart)
    url = engine_url(BASIC, "")
    assert [set_engine_proxy(folder, each, restart) for each in (url, url, None, None, url)] == [
        *(True, False, True, False, True)
    ]
    assert len(restarts.read_text()) == 3
    assert (folder / "HTTPS_PROXY").read_text() == url
    assert (folder / "HTTPS_PROXY").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(EffectError):
        set_engine_proxy(folder, "http://other:1", ("false",))
    assert set_engine_proxy(folder, "http://other:1", restart), "what failed is done again"


@pytest.mark.docker
def test_the_engine_fetches_images_through_the_proxy(net: Lan, server: MiniServer, settings: Settings) -> None:
    def pull(engine: NestedEngine) -> "subprocess.CompletedProcess[str]":
        image = f"{server.address}/test/tiny@{digest}"
        return subprocess.run(
            [DOCKER, "-H", engine.address, "pull", image], capture_output=True, text=True, check=False
        )

    certificates = Path("/etc/docker/certs.d") / server.address
    archive = settings.state / "tiny.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(settings.config, "file")
    tiny = sh(DOCKER, "import", str(archive)).strip()
    digest = publish_image(settings.state, tiny, server)
    make_key(settings.key)
    settings.certificate.write_text(server.authority.sign_sensor(certificate_request(settings.key, 7), 7))
    settings.authorities.write_text(server.authority.chain)
    give_to_engine(certificates, authorities=settings.authorities, certificate=settings.certificate, key=settings.key)
    with ExitStack() as stack:
        stack.callback(subprocess.run, [DOCKER, "rmi", "-f", tiny], capture_output=True, check=True)
        stack.callback(shutil.rmtree, certificates)
        running = stack.enter_context(squid(net.lan, SERVER, BASIC))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))  # short, for the names of its sockets
        engine = stack.enter_context(nested_engine(folder, net.sensor))
        assert pull(engine).returncode != 0, "there is no other way"
        engine.restart(HTTPS_PROXY=str(engine_url(BASIC, "")))
        done = pull(engine)
        assert done.returncode == 0, done.stderr
        assert f"CONNECT {server.address} sensor" in running.log
