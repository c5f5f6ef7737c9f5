"""The server moves to another address: what came from the old one goes when nobody needs it any more."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sensor_support.builders import eventually
from sensor_support.mini_server import MiniServer
from sensor_support.namespaces import SERVER, path
from sensor_support.sensor_process import Sensor

from sensor_manager.effects.docker_engine import DockerEngine
from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_wire.v1.network import ServerEndpoint

pytestmark = [pytest.mark.docker, pytest.mark.netns]


@pytest.fixture
def other(sensor: Sensor, tmp_path: Path) -> Iterator[MiniServer]:
    """The same server, with its registry, at another port."""
    folder = tmp_path / "other"
    folder.mkdir()
    outside = path(sensor.net.lan)
    made = in_network_namespace(outside, lambda: MiniServer(folder, SERVER, authority=sensor.server.authority))
    made.blobs = sensor.server.blobs
    yield made
    made.close()
    shutil.rmtree(f"/etc/docker/certs.d/{made.address}", ignore_errors=True)


def moved(sensor: Sensor, other: MiniServer, *names: str) -> None:
    """Have both servers say that this is wanted, and that the server is the other one."""
    sensor.want(*names)
    endpoint = ServerEndpoint(host=SERVER, port=int(other.address.partition(":")[2]))
    assert sensor.server.desired is not None
    sensor.server.desired = other.desired = sensor.server.desired.model_copy(update={"server": endpoint})


def test_images_of_the_old_address_do_not_stay_for_ever(sensor: Sensor, other: MiniServer) -> None:
    sensor.want("pot")
    sensor.runs("pot")
    before = sensor.containers()
    moved(sensor, other, "pot")
    eventually(lambda: other.reports and other.reports[-1].generation == 2, "it follows the server")
    assert sensor.containers() == before, "the honeypot runs on"
    assert f"{sensor.server.address}/test/pot" in sensor.images(), "and needs the image under its old name"
    sensor.kill()
    sensor.start()
    moved(sensor, other)
    eventually(lambda: not sensor.containers(), "the honeypot goes")
    eventually(lambda: "test/pot" not in sensor.images(), "and its image, whatever its name")


def test_the_engine_tells_how_much_room_images_have(sensor: Sensor, tmp_path: Path) -> None:
    free = DockerEngine(sensor.docker, tmp_path).free_bytes()
    assert free is not None
    there = shutil.disk_usage(Path(sensor.docker.removeprefix("unix://")).parent / "data").free
    assert abs(free - there) < 1 << 30, "others use the disk meanwhile"
