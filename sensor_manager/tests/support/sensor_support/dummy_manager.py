"""The real manager on the platform that only remembers honeypots, and what it is told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sensor_support.builders import desired, service
from sensor_support.images import describe_image
from sensor_support.mini_server import MiniServer
from sensor_wire.v1.network import Network


@contextmanager
def dummy_manager(folder: Path, *, state: Path, runtime: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run it with the configuration in the folder; killed at the end."""
    places = ["--config", "sensor.json", "--state", str(state), "--runtime", str(runtime), "--docker-certs", "certs"]
    command = [sys.executable, "-m", "sensor_manager.cli", "run", "--platform", "dummy", "--interface", "lo", *places]
    with subprocess.Popen(command, cwd=folder, env=os.environ, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def want(server: MiniServer, *names: str, network: Network | None = None) -> None:
    """Have these services desired."""
    digest = describe_image(server, "amd64")
    services = [service(name, repository=f"test/{name}").model_copy(update={"digest": digest}) for name in names]
    before = server.desired.generation if server.desired else 0
    made = desired(*services, generation=before + 1, ca_chain=server.authority.chain)
    server.desired = made.model_copy(update={"network": network})


def applied(server: MiniServer) -> bool:
    """Tell whether the last report says that all is as desired."""
    return bool(server.reports and server.desired and server.reports[-1].generation == server.desired.generation)
