"""A service archive is what a server takes: metadata of the contract and an OCI layout with the digest it names."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from sensor_wire.honeypot.manifest import ServiceManifest
from sensor_wire.honeypot.metadata import manifest_of

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


def entry(folder: str) -> dict[str, Any]:
    manifest = json.loads((EPHEMERAL / folder / "manifest.json").read_text(encoding="utf-8"))
    (recon,) = [item for item in manifest["artifacts"] if item["name"] == "recon"]
    return dict(recon)


@pytest.fixture(scope="module")
def archive() -> dict[str, bytes]:
    with tarfile.open(EPHEMERAL / "dist" / entry("dist")["path"]) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # all files


@pytest.fixture(scope="module")
def manifest(archive: dict[str, bytes]) -> ServiceManifest:
    return manifest_of({element.tag: element.text or "" for element in fromstring(archive["metadata.xml"])})


def test_archive_holds_metadata_and_image(archive: dict[str, bytes], manifest: ServiceManifest) -> None:
    assert list(archive) == ["metadata.xml", "service.tar"]
    assert (manifest.name, manifest.architecture, manifest.catch_all) == ("recon", "amd64", True)


def test_metadata_names_the_digest_of_the_only_image(archive: dict[str, bytes], manifest: ServiceManifest) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive["service.tar"])) as layout:
        blobs = {member.name: layout.extractfile(member) for member in layout if member.isfile()}
        index = json.loads(blobs["index.json"].read())  # type: ignore[union-attr]  # a file
        (image,) = index["manifests"]
        assert image["digest"] == manifest.digest
        for name, content in blobs.items():
            if name.startswith("blobs/sha256/"):
                digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]  # a file
                assert name.endswith(digest)


def test_manifest_entry_describes_the_file() -> None:
    recon = entry("dist")
    file = EPHEMERAL / "dist" / recon["path"]
    with file.open("rb") as content:
        assert recon["digest"] == f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
    assert recon["size"] == file.stat().st_size
    assert file.name == f"recon-{recon['version']}-amd64.tar.gz"


def test_the_same_image_gives_the_same_archive() -> None:
    assert entry("dist")["digest"] == entry("again")["digest"]
