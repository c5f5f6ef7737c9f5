"""The same root file system gives the same image, with the time and architecture asked for."""

import hashlib
import json
import tarfile
from pathlib import Path

from image_builder.base.docker_archive import write_archive

EPOCH = 1789200000


def test_archive_and_id_depend_on_the_content_alone(tmp_path: Path) -> None:
    layer = tmp_path / "root.tar"
    layer.write_bytes(b"content of a root file system")
    ids = set()
    for name in ("first.tar", "second.tar"):
        ids.add(write_archive(layer, tmp_path / name, reference="x/base:1", platform="amd64", epoch=EPOCH))
        layer.touch()
    assert len(ids) == 1
    assert (tmp_path / "first.tar").read_bytes() == (tmp_path / "second.tar").read_bytes()


def test_archive_is_one_docker_can_load(tmp_path: Path) -> None:
    layer = tmp_path / "root.tar"
    layer.write_bytes(b"content")
    image_id = write_archive(layer, tmp_path / "image.tar", reference="x/base:1", platform="arm/v7", epoch=EPOCH)
    with tarfile.open(tmp_path / "image.tar") as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]  # files
    (manifest,) = json.loads(files["manifest.json"])
    config = json.loads(files[manifest["Config"]])
    assert image_id == f"sha256:{hashlib.sha256(files[manifest['Config']]).hexdigest()}"
    assert manifest["RepoTags"] == ["x/base:1"]
    assert (config["architecture"], config["variant"], config["created"]) == ("arm", "v7", "2026-09-12T08:00:00Z")
    layers = [f"sha256:{hashlib.sha256(files[name]).hexdigest()}" for name in manifest["Layers"]]
    assert config["rootfs"]["diff_ids"] == layers
