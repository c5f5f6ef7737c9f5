"""The Docker sensor as it is shipped, and a real proxy: its engine goes by it, and honeypots live on meanwhile."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sensor_support import engine
from sensor_support.beyond_proxy import BASIC, NTLM, PASSWORD
from sensor_support.builders import desired, eventually, service
from sensor_support.engine import DOCKER
from sensor_support.firmware import FirmwareSensor, built_firmware, firmware_sensor
from sensor_support.namespaces import sh
from sensor_support.pots import SLEEPER
from sensor_support.squid import squid

from sensor_wire.v1.network import Proxy

pytestmark = [pytest.mark.docker, pytest.mark.netns]
FIRST, SECOND = "first", "second"
ENGINE_PROXY = "/run/honeysens/engine-env/HTTPS_PROXY"


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[FirmwareSensor]:
    firmware = built_firmware(tmp_path)
    with firmware_sensor(tmp_path, firmware, FIRST) as made:
        made.run(firmware.image)
        yield made


@pytest.fixture
def digests(tmp_path: Path, sensor: FirmwareSensor) -> Iterator[dict[str, str]]:
    """Two images in the server's registry, of which the second one's own layer is not on the sensor."""
    built: dict[str, str] = {}
    images = []
    for name in (FIRST, SECOND):
        folder = tmp_path / name
        folder.mkdir()
        files = {"wait.pl": f"# {secrets.token_hex(4)}\n{SLEEPER}"}
        images.append(engine.build_image(folder, files, ["/usr/bin/perl", "/wait.pl"]))
        built[name] = engine.publish_image(folder, images[-1], sensor.server)
    yield built
    sh(DOCKER, "rmi", "-f", *images)


def want(sensor: FirmwareSensor, digests: dict[str, str], *names: str, proxy: Proxy | None = None) -> None:
    server = sensor.server
    services = [service(name, repository=f"test/{name}", digest=digests[name]) for name in names]
    before = server.desired.generation if server.desired else 0
    made = desired(*services, generation=before + 1, ca_chain=server.authority.chain)
    server.desired = made.model_copy(update={"proxy": proxy})
    eventually(
        lambda: server.reports and server.reports[-1].generation == before + 1, f"{names} run; {sensor.log()[-2000:]}"
    )


def environment(sensor: FirmwareSensor) -> str:
    """What the engine was started with; empty while it is not there."""
    script = 'for each in $(pidof dockerd); do cat "/proc/$each/environ"; done'
    return sensor.inside("sh", "-c", script)


def honeypot(sensor: FirmwareSensor, name: str) -> tuple[str, str]:
    """Which container, and since when it runs."""
    (found,) = json.loads(sensor.inside("docker", "inspect", f"honeysens-{name}"))
    assert found["State"]["Running"]
    return found["Id"], found["State"]["StartedAt"]


@pytest.mark.parametrize("login", [BASIC, NTLM], ids=["basic", "ntlm"])
def test_images_come_by_the_proxy_and_honeypots_live_on(
    sensor: FirmwareSensor, digests: dict[str, str], login: Proxy
) -> None:
    server = urlsplit(sensor.server.config().server_url)
    assert server.hostname
    proxy = login.model_copy(update={"host": server.hostname})
    want(sensor, digests, FIRST)
    before = honeypot(sensor, FIRST)
    with squid(None, server.hostname, proxy) as running:
        want(sensor, digests, FIRST, proxy=proxy)
        eventually(lambda: "HTTPS_PROXY" in environment(sensor), "the engine has been started again, with the proxy")
        direct = f"ip daddr {server.hostname} tcp dport {server.port} reject with tcp reset"
        for command in ("table inet test", "chain inet test out { type filter hook output priority 0; }"):
            sensor.inside("nft", "add", command)
        sensor.inside("nft", f"add rule inet test out {direct}")
        want(sensor, digests, FIRST, SECOND, proxy=proxy)
        assert honeypot(sensor, FIRST) == before, "it lives on"
        honeypot(sensor, SECOND)
        assert f"CONNECT {server.hostname}:{server.port} " in running.log
        told = sensor.inside("cat", ENGINE_PROXY)
        assert told.startswith("http://127.0.0.1:3128" if proxy.kind is NTLM.kind else "http://sensor:")
        assert sensor.inside("stat", "-c", "%a:%u", ENGINE_PROXY).strip() == "600:0"
        assert PASSWORD not in sensor.inside("sh", "-c", "cat /proc/[0-9]*/cmdline") + sensor.log()
        sensor.inside("nft", "delete", "table", "inet", "test")
        want(sensor, digests, FIRST, SECOND)
    eventually(lambda: "PATH" in (told := environment(sensor)) and "HTTPS_PROXY" not in told, "and now without")
    assert honeypot(sensor, FIRST) == before
