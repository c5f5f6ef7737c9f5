"""Which archives of services there are to upload."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from roles.server_objects.module_utils.server_objects import archives

METADATA = b"<service><digest>sha256:ab</digest></service>"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    artifacts = [{"kind": "service", "name": "service-cowrie", "arch": "amd64", "version": "1", "path": None}]
    for architecture in ("amd64", "armhf"):
        file = tmp_path / f"cowrie-{architecture}.tar.gz"
        with tarfile.open(file, "w:gz") as tar:
            member = tarfile.TarInfo("metadata.xml")
            member.size = len(METADATA)
            tar.addfile(member, io.BytesIO(METADATA))
        artifacts.append({"kind": "service", "name": "cowrie", "arch": architecture, "version": "1", "path": file.name})
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"format": 1, "artifacts": artifacts}))
    return path


def test_each_architecture_of_a_service_is_uploaded(manifest: Path) -> None:
    found = archives.built(manifest, ["cowrie"])
    assert [(name, archive.architecture, archive.digest) for name, archive in found] == [
        ("cowrie", "amd64", "sha256:ab"),
        ("cowrie", "armhf", "sha256:ab"),
    ]


def test_a_service_that_was_not_built_is_named(manifest: Path) -> None:
    with pytest.raises(archives.NotBuiltError, match="no archive of recon"):
        archives.built(manifest, ["cowrie", "recon"])
