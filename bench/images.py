"""What the honeypots' images take on a sensor's disk: each layer once, as an engine unpacks it."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from bench.errors import BenchError
from bench.local_stack import ROOT
from bench.progress import Progress
from bench.results import Result, result

ARCHITECTURES = {"honeypots_disk_mb": "amd64", "honeypots_disk_armhf_mb": "armhf"}
FIGURES = frozenset(ARCHITECTURES)
MANIFEST = ROOT / "dist" / "manifest.json"
MB = 1_000_000


def measure_images(wanted: set[str], progress: Progress, manifest: Path = MANIFEST) -> list[Result]:
    """The wanted figures of those architectures that service archives were built for.

    Raises:
        BenchError: none were.
    """
    services = built_services(manifest)
    if not services:
        raise BenchError(f"{manifest} names no service archives: run `make images`, and `make images-armhf`.")
    found = []
    for figure, architecture in ARCHITECTURES.items():
        archives = {item["name"]: manifest.parent / item["path"] for item in services if item["arch"] == architecture}
        if figure in wanted and archives:
            progress.say(f"Unpacking the honeypots' images for {architecture}")
            found.append(result(figure, *_disk(archives)))
        elif figure in wanted:
            progress.say(f"No honeypot was built for {architecture}: {figure} is left out.")
    return found


def built_services(manifest: Path) -> list[dict[str, Any]]:
    """The manifest's archives of services, of all architectures; none where nothing was built.

    They are named as their folders; what has no path is an image on its way into one, with a name of its own.
    """
    artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"] if manifest.exists() else []
    return [item for item in artifacts if item["kind"] == "service" and item["path"]]


def _disk(archives: dict[str, Path]) -> tuple[float, str]:
    """Megabytes of all images together, and a text that says what each adds to those before it."""
    sizes: dict[str, int] = {}
    parts = []
    for name, archive in sorted(archives.items()):
        before, own = sum(sizes.values()), 0
        with _layout(archive) as layout:
            for digest in _layers(layout):
                if digest not in sizes:
                    sizes[digest] = _unpacked(layout, digest)
                own += sizes[digest]
        parts.append(f"{name} {own / MB:.0f} (+{(sum(sizes.values()) - before) / MB:.0f})")
    return sum(
        sizes.values()
    ) / MB, f"{len(archives)} images, each layer once; alone (and beside those before): {', '.join(parts)}"


@contextmanager
def _layout(archive: Path) -> Iterator[tarfile.TarFile]:
    with TemporaryFile() as plain:
        with tarfile.open(archive) as outer:
            shutil.copyfileobj(_member(outer, "service.tar"), plain)
        plain.seek(0)
        with tarfile.open(fileobj=plain) as layout:
            yield layout


def _layers(layout: tarfile.TarFile) -> Iterator[str]:
    index: dict[str, Any] = json.load(_member(layout, "index.json"))
    for image in index["manifests"]:
        manifest: dict[str, Any] = json.load(_blob(layout, image["digest"]))
        yield from (layer["digest"] for layer in manifest["layers"])


def _unpacked(layout: tarfile.TarFile, digest: str) -> int:
    with tarfile.open(fileobj=_blob(layout, digest), mode="r|*") as layer:
        return sum(member.size for member in layer if member.isreg())


def _blob(layout: tarfile.TarFile, digest: str) -> IO[bytes]:
    return _member(layout, f"blobs/{digest.replace(':', '/')}")


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    content = tar.extractfile(name)
    if content is None:
        raise BenchError(f"A service archive holds {name}, but not as a file.")
    return content
