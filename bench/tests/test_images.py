"""Disk figures, of archives that are made here."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.images import measure_images
from bench.progress import Progress

SHARED, SSH, WEB = 3_000_000, 2_000_000, 1_000_000


def tar(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def archive(*layers: int) -> bytes:
    """A service archive whose image has layers with files of these sizes."""
    packed = [gzip.compress(tar({"file": size * b"x"}), mtime=0) for size in layers]
    named = [hashlib.sha256(layer).hexdigest() for layer in packed]
    manifest = json.dumps({"layers": [{"digest": f"sha256:{name}"} for name in named]}).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    index = json.dumps({"manifests": [{"digest": f"sha256:{digest}"}]}).encode()
    blobs = {
        f"blobs/sha256/{name}": content for name, content in zip([*named, digest], [*packed, manifest], strict=True)
    }
    return gzip.compress(tar({"metadata.xml": b"", "service.tar": tar({**blobs, "index.json": index})}))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    made = {"ssh": archive(SHARED, SSH), "web": archive(SHARED, WEB)}
    for name, content in made.items():
        (tmp_path / f"{name}.tar.gz").write_bytes(content)
    entries = [{"kind": "service", "name": name, "arch": "amd64", "path": f"{name}.tar.gz"} for name in made]
    file = tmp_path / "manifest.json"
    file.write_text(
        json.dumps({"artifacts": [*entries, {"kind": "service", "name": "x", "arch": "amd64", "path": None}]})
    )
    return file


def test_a_shared_layer_counts_once(manifest: Path) -> None:
    (found,) = measure_images({"honeypots_disk_mb", "honeypots_disk_armhf_mb"}, Progress(), manifest)
    assert (found.figure, found.value, found.holds) == ("honeypots_disk_mb", 6.0, True)
    assert "ssh 5 (+5), web 4 (+1)" in found.conditions


def test_without_archives_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="make images"):
        measure_images({"honeypots_disk_mb"}, Progress(), tmp_path / "manifest.json")
