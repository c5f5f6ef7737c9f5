"""A container engine of the test's own, in a namespace of its own, set up as the sensor's nested one is."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from sensor_support.builders import eventually
from sensor_support.mini_server import MiniServer
from sensor_support.namespaces import sh

DOCKER = "/usr/bin/docker"
BASE = "honeysens/base:latest"
IMAGE_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
IMAGE_CONFIG = "application/vnd.docker.container.image.v1+json"
IMAGE_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
FORGET_MOUNTS = Path(__file__).parents[4] / "image_builder/docker/rootfs/usr/lib/honeysens/forget-mounts"
OCTETS = "application/octet-stream"


class NestedEngine:
    """A dockerd in a network namespace; `address` is its socket's. That of its other sockets must be short."""

    def __init__(self, folder: Path, namespace: str, sockets: Path) -> None:
        self.address = f"unix://{folder}/docker.sock"
        self._log = folder / "dockerd.log"
        off = dict.fromkeys(("iptables", "ip6tables", "userland-proxy"), False)
        config = self._config = folder / "daemon.json"
        config.write_text(json.dumps(off | {"bridge": "none", "no-new-privileges": True}))
        self._data, self._sockets = folder / "data", sockets
        self._pids = folder / "docker.pid", sockets / "containerd" / "containerd.pid"
        places = [f"--data-root={self._data}", f"--exec-root={sockets}", f"--pidfile={self._pids[0]}"]
        daemon = ["dockerd", f"--host={self.address}", f"--config-file={config}", *places]
        self._command = ["nsenter", f"--net=/run/netns/{namespace}", *daemon]
        self._environment: Mapping[str, str] = os.environ
        self._process = self._start()

    def restart(self, number: signal.Signals = signal.SIGTERM, **environment: str) -> None:
        """End it, as a service manager would or otherwise, and start it again, with this added to its environment."""
        self.stop(number)
        self._environment = os.environ | environment
        self.start()

    def keep_containers(self, *, keep: bool) -> None:
        """Let containers outlive it, as on a sensor, or end with it."""
        self._config.write_text(json.dumps(json.loads(self._config.read_text()) | {"live-restore": keep}))
        self.restart()

    def remove_all(self, repositories: str) -> None:
        """Remove all containers and networks, and the images whose repository contains this text."""
        for container in self.containers():
            self._docker("rm", "-f", container)
        self._docker("network", "prune", "-f")
        for image in self._docker("images", "--digests", "--format", "{{.Repository}}@{{.Digest}}"):
            if repositories in image:
                self._docker("rmi", "-f", image)

    def containers(self) -> list[str]:
        """The ids of all there are, those that do not run, too."""
        return self._docker("ps", "-aq")

    def _docker(self, *arguments: str) -> list[str]:
        return sh(DOCKER, "-H", self.address, *arguments).splitlines()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it; its containers end with it, unless it is killed."""
        self._process.send_signal(number)
        self._process.wait(30)

    def start(self) -> None:
        """Start it again, as the sensor's service does."""
        for left in self._pids:  # by one that was killed: it would keep the next one down
            left.unlink(missing_ok=True)
        sh(str(FORGET_MOUNTS), str(self._data), str(self._sockets))
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment)
        eventually(lambda: _answers(self.address) or process.poll() is not None, "the engine answers")
        assert process.poll() is None, self._log.read_text()
        return process


@contextlib.contextmanager
def nested_engine(folder: Path, namespace: str) -> Iterator[NestedEngine]:
    """Run an engine for the length of a block; removes its containers before it ends."""
    with tempfile.TemporaryDirectory(prefix="hs-") as sockets:
        engine = NestedEngine(folder, namespace, Path(sockets))
        try:
            yield engine
        finally:
            try:
                engine.remove_all("test/")
            finally:
                engine.stop()
                _unmount(folder / "data")


def _unmount(data: Path) -> None:
    # It stays mounted each time the engine ends, for containers that could go on without it.
    while subprocess.run(["umount", data], capture_output=True, check=False).returncode == 0:
        pass


def _answers(address: str) -> bool:
    return subprocess.run([DOCKER, "-H", address, "version"], capture_output=True, check=False).returncode == 0


def copy_base(folder: Path, engine: NestedEngine) -> None:
    """Give the engine our base image, so that pulls need only what comes on top of it."""
    archive = folder / "base.tar"
    _require_base()
    sh(DOCKER, "save", "-o", str(archive), BASE)
    sh(DOCKER, "-H", engine.address, "load", "-q", "-i", str(archive))
    archive.unlink()


def _require_base() -> None:
    there = subprocess.run([DOCKER, "image", "inspect", BASE], capture_output=True, check=False).returncode == 0
    assert there, f"{BASE} is missing; build it first (make images)"


def build_image(folder: Path, files: dict[str, str], entrypoint: list[str], extra: str = "") -> str:
    """Build an image from our base with these files in `/`; returns its id. Needs the base image."""
    _require_base()
    context = folder / "context"
    context.mkdir()
    for name, content in files.items():
        (context / name).write_text(content)
    dockerfile = f"FROM {BASE}\nCOPY {' '.join(files)} /\n{extra}\nENTRYPOINT {json.dumps(entrypoint)}\n"
    (context / "Dockerfile").write_text(dockerfile)
    return sh(DOCKER, "build", "-q", str(context)).strip()


def publish_image(folder: Path, image: str, server: MiniServer, architecture: str = "amd64") -> str:
    """Put an image of the host's engine into the server's registry; returns its manifest's digest."""
    archive = folder / "image.tar"
    sh(DOCKER, "save", "-o", str(archive), image)
    with tarfile.open(archive) as tar:

        def read(name: str) -> bytes:
            member = tar.extractfile(name)
            assert member is not None
            return member.read()

        (entry,) = json.loads(read("manifest.json"))
        described = json.loads(read(entry["Config"])) | {"architecture": architecture}
        config = _describe(server, IMAGE_CONFIG, json.dumps(described).encode())
        layers = [_describe(server, IMAGE_LAYER, read(name)) for name in entry["Layers"]]
    archive.unlink()
    manifest = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": config, "layers": layers}
    content = json.dumps(manifest).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    server.blobs[digest] = (IMAGE_MANIFEST, content)
    return digest


def _describe(server: MiniServer, kind: str, content: bytes) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    server.blobs[digest] = (OCTETS, content)
    return {"mediaType": kind, "size": len(content), "digest": digest}
