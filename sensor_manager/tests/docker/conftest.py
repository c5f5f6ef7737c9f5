"""What takes long to make and no test wears out is made once; each test has a sensor at its very first start."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sensor_support import engine, namespaces
from sensor_support.engine import DOCKER
from sensor_support.mini_server import mini_server
from sensor_support.namespaces import SERVER, sh
from sensor_support.pots import POT, SLEEPER, WRITER
from sensor_support.sensor_process import Sensor
from sensor_support.world import World

from sensor_manager.effects.network_namespace import in_network_namespace


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with ExitStack() as stack:
        net = stack.enter_context(namespaces.lan(ipv6=True))
        outside = namespaces.path(net.lan)
        server = in_network_namespace(outside, lambda: stack.enter_context(mini_server(folder, SERVER)))
        stack.callback(shutil.rmtree, f"/etc/docker/certs.d/{server.address}", ignore_errors=True)
        nested = stack.enter_context(engine.nested_engine(folder, net.sensor))
        engine.copy_base(folder, nested)
        digests = {}
        for name, script in {"pot": POT, "sleeper": SLEEPER, "writer": WRITER}.items():
            # An image of its own each time, so that removing it harms nobody.
            files = {f"{name}.pl": f"# {secrets.token_hex(4)}\n{script}"}
            image = engine.build_image(tmp_path_factory.mktemp(name), files, ["/usr/bin/perl", f"/{name}.pl"])
            stack.callback(sh, DOCKER, "rmi", "-f", image)
            digests[name] = engine.publish_image(folder, image, server)
            digests[f"{name} for arm"] = engine.publish_image(folder, image, server, architecture="arm")
        yield World(net, server, nested, digests)


@pytest.fixture
def sensor(tmp_path: Path, world: World) -> Iterator[Sensor]:
    """A sensor at its very first start; afterwards nothing of it is left in the world."""
    world.server.forget()
    made = Sensor(tmp_path, world.net, world.server, world.engine)
    made.digests = world.digests
    made.start()
    yield made
    made.kill()
    world.engine.remove_all("test/")
    sh("ip", "netns", "exec", world.net.sensor, "nft", "flush", "ruleset")
