"""What the registry's image does with its garbage: that of removed images goes, all else stays, also what is pushed."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from patience import PATIENCE
from registry_process import running_registry
from service_builder import image

from server_app.services.registry import Registry, RegistryError

SCRIPT = Path(__file__).parents[2] / "images" / "registry" / "registry.sh"


class Collecting:
    """The registry as its image runs it."""

    def __init__(self, folder: Path, url: str, process: subprocess.Popen[bytes]) -> None:
        self.registry = Registry(url)
        self.process = process
        self._folder = folder

    def push(self, name: str) -> str:
        """Push a tiny image of this content and name."""
        digest, members = image(name)
        layout = self._folder / "layouts" / name
        for member in members:
            path = layout / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(member.content)
        self.registry.push(layout, f"test/{name}", "amd64-1", digest)
        return digest

    def blobs(self) -> set[str]:
        """The digests of what takes room on the disk."""
        folder = self._folder / "storage" / "docker" / "registry" / "v2" / "blobs" / "sha256"
        return {path.parent.name for path in folder.glob("*/*/data")}

    def collect(self) -> None:
        self.process.send_signal(signal.SIGUSR1)

    def is_writable(self) -> bool:
        try:
            return requests.post(f"{self.registry.url}/v2/test/probe/blobs/uploads/", timeout=PATIENCE).ok
        except requests.RequestException:
            return False

    def is_whole(self, name: str, digest: str) -> bool:
        """Whether every part of an image can be fetched; not at the moment of a restart."""
        try:
            return self._is_whole(name, digest)
        except requests.RequestException:
            return False

    def _is_whole(self, name: str, digest: str) -> bool:
        base = f"{self.registry.url}/v2/test/{name}"
        manifest = requests.get(
            f"{base}/manifests/{digest}",
            headers={"Accept": "application/vnd.oci.image.manifest.v1+json"},
            timeout=PATIENCE,
        ).json()
        parts = [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
        return all(requests.get(f"{base}/blobs/{part}", timeout=PATIENCE).ok for part in parts)


@pytest.fixture
def collecting(tmp_path: Path) -> Iterator[Collecting]:
    with running_registry(tmp_path, ["bash", SCRIPT]) as (url, process):
        yield Collecting(tmp_path, url, process)


def eventually(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not probe():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s"
        time.sleep(0.05)


def test_a_removed_image_makes_room_and_others_stay(collecting: Collecting) -> None:
    kept, removed = collecting.push("kept"), collecting.push("removed")
    of_removed = {member.name.rpartition("/")[2] for member in image("removed")[1][2:]}
    assert of_removed <= collecting.blobs()
    collecting.registry.delete("test/removed", removed)

    collecting.collect()

    eventually(lambda: not of_removed & collecting.blobs())
    eventually(collecting.is_writable)
    assert collecting.is_whole("kept", kept)
    assert not collecting.registry.has("test/removed", removed)
    again = collecting.push("removed")
    assert collecting.is_whole("removed", again), "what was collected can come back"


def test_what_is_pushed_while_it_collects_is_whole(collecting: Collecting) -> None:
    names = [f"image{number}" for number in range(8)]
    with ThreadPoolExecutor(2) as pool:
        pushed = [pool.submit(collecting.push, name) for name in names]
        for future in pushed[::2]:
            collecting.collect()
            future.result()
    for name, future in zip(names, pushed, strict=True):
        digest = future.result()
        eventually(lambda name=name, digest=digest: collecting.is_whole(name, digest))  # type: ignore[misc]


def test_it_ends_when_it_is_asked_to_and_when_the_registry_has_died(collecting: Collecting) -> None:
    children = subprocess.run(
        ["pgrep", "-P", str(collecting.process.pid), "docker-reg"], capture_output=True, check=True
    )
    subprocess.run(["kill", "-KILL", children.stdout.decode().strip()], check=True)
    assert collecting.process.wait(PATIENCE) == 1
    with pytest.raises(RegistryError):
        collecting.registry.has("a", f"sha256:{'0' * 64}")
