"""The Docker sensor as operators get it: the image and the compose file of the firmware archive that was built."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml

from sensor_support.engine import DOCKER
from sensor_support.mini_server import MiniServer, mini_server
from sensor_support.namespaces import sh

DIST = Path(__file__).parents[4] / "dist"


@dataclass(frozen=True)
class Firmware:
    """What was built: the image, and how the compose file says it must be started."""

    image: str
    options: list[str]


def built_firmware(folder: Path) -> Firmware:
    """Read the archive; what it needs beside the image goes into the folder."""
    manifest = DIST / "manifest.json"
    artifacts = json.loads(manifest.read_text())["artifacts"] if manifest.exists() else []
    built = {item["name"]: item for item in artifacts if item["kind"] == "firmware"}
    assert {"sensor", "docker_x86"} <= built.keys(), f"{DIST} has no firmware; build it first (make firmware-docker)"
    wanted = ["docker-compose.yml", "seccomp.json"]
    sh("tar", "--extract", f"--directory={folder}", f"--file={DIST / built['docker_x86']['path']}", *wanted)
    service: dict[str, Any] = yaml.safe_load((folder / wanted[0]).read_text())["services"]["sensor"]
    options = ["--read-only"] if service["read_only"] else []
    for name, flag in {"tmpfs": "tmpfs", "cap_drop": "cap-drop", "cap_add": "cap-add"}.items():
        options += [f"--{flag}={value}" for value in service[name]]
    options += [f"--security-opt={value.replace('=./', f'={folder}/')}" for value in service["security_opt"]]
    return Firmware(built["sensor"]["digest"], options)


class FirmwareSensor:
    """A sensor's configuration, volumes and network, which stay, and its container, which can be replaced.

    Attributes:
        server: which it is told to find.
        socket: where honeypots of the service hand over events, whichever container there is.

    Args:
        folder: for its configuration.
        name: of its network and volumes.
        firmware: how its container is started.
        server: as above.
        service: as above.
    """

    def __init__(self, folder: Path, name: str, firmware: Firmware, server: MiniServer, service: str) -> None:
        self.server = server
        self.socket = folder / "events.sock"
        self._options = [*firmware.options, f"--network={name}", "--env=IFACE=eth0", "--env=LOG_LVL=info"]
        volumes = {folder / "conf": "/etc/honeysens:ro"}
        self._options += [f"--volume={place}:{inside}" for place, inside in volumes.items()]
        self._options += [f"--volume={name}-{kind}:/var/lib/{of}" for kind, of in VOLUMES.items()]
        self._service = service
        self._container = ""
        (folder / "conf").mkdir()
        (folder / "conf" / "sensor.json").write_text(server.config().model_dump_json())

    def run(self, image: str) -> None:
        """Start a container of this image."""
        self._container = sh(DOCKER, "run", "--detach", *self._options, image).strip()
        process = sh(DOCKER, "inspect", "--format={{.State.Pid}}", self._container).strip()
        beside = self.socket.with_suffix(".new")
        beside.symlink_to(f"/proc/{process}/root/run/honeysens/services/{self._service}/events.sock")
        beside.replace(self.socket)

    def inside(self, *command: str) -> str:
        """Run a command in the container; returns what it says."""
        return sh(DOCKER, "exec", self._container, *command)

    def stop(self) -> None:
        """Ask the container to end, and remove it; its volumes stay."""
        sh(DOCKER, "stop", "--time=30", self._container)
        self.remove()

    def remove(self) -> None:
        """Remove the container in a moment, whatever it does; its volumes stay."""
        if self._container:
            sh(DOCKER, "rm", "--force", self._container)
            self._container = ""

    def log(self) -> str:
        """What the container has said."""
        done = subprocess.run([DOCKER, "logs", self._container], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr


VOLUMES = {"state": "honeysens", "docker": "docker"}


@contextmanager
def firmware_sensor(folder: Path, firmware: Firmware, service: str) -> Iterator[FirmwareSensor]:
    """A sensor without a container yet, with a server of its own, for the length of a block."""
    name = f"hs-test-{secrets.token_hex(4)}"
    sh(DOCKER, "network", "create", name)
    try:
        (network,) = json.loads(sh(DOCKER, "network", "inspect", name))
        subnet = network["IPAM"]["Config"][0]
        gateway = subnet.get("Gateway") or str(ip_address(subnet["Subnet"].partition("/")[0]) + 1)
        with mini_server(folder, gateway) as server:
            sensor = FirmwareSensor(folder, name, firmware, server, service)
            try:
                yield sensor
            finally:
                sensor.remove()
    finally:
        for kind in VOLUMES:
            sh(DOCKER, "volume", "rm", "--force", f"{name}-{kind}")
        sh(DOCKER, "network", "rm", name)


@contextmanager
def next_firmware(image: str) -> Iterator[str]:
    """Another image of the same content, as the next release would be, for the length of a block."""
    container = sh(DOCKER, "create", image).strip()
    change = f"LABEL test={os.getpid()}-{secrets.token_hex(4)}"
    try:
        made = sh(DOCKER, "commit", f"--change={change}", container).strip()
    finally:
        sh(DOCKER, "rm", "--volumes", container)
    try:
        yield made
    finally:
        sh(DOCKER, "rmi", "--force", made)
