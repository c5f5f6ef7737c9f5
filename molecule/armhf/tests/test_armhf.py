"""Images for armhf say so, the same inputs give the same base, and honeypots share what they can."""

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from testinfra.host import Host

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
DOCKER = "/usr/bin/docker"
HONEYPOTS = sorted(file.parent.name for file in Path(__file__).parents[3].glob("service_images/*/metadata.xml"))

pytestmark = pytest.mark.emulated


def entry(name: str, folder: str = "dist") -> dict[str, Any]:
    manifest = json.loads((EPHEMERAL / folder / "manifest.json").read_text(encoding="utf-8"))
    (found,) = [item for item in manifest["artifacts"] if item["name"] == name]
    return dict(found)


def test_two_builds_of_the_base_from_empty_give_the_same_digest() -> None:
    assert entry("base")["digest"] == entry("base", "again")["digest"]
    assert entry("base")["arch"] == "armhf"


def inspected(host: Host, image: str) -> dict[str, Any]:
    return dict(json.loads(host.check_output(f"{DOCKER} image inspect {image}"))[0])


def test_images_are_named_after_their_architecture_and_share_base_and_python(host: Host) -> None:
    base = inspected(host, entry("base")["image"])
    layers = {name: inspected(host, entry(f"service-{name}")["image"])["RootFS"]["Layers"] for name in HONEYPOTS}
    assert len({tuple(each[:2]) for each in layers.values()}) == 1
    assert all(each[:1] == base["RootFS"]["Layers"] for each in layers.values())
    for name in ("base", *(f"service-{name}" for name in HONEYPOTS)):
        found = inspected(host, entry(name)["image"])
        assert (found["Architecture"], found["Variant"], found["Id"]) == ("arm", "v7", entry(name)["digest"])
        assert entry(name)["image"].startswith(f"honeysens/{name}-armhf:")


@pytest.mark.parametrize("name", HONEYPOTS)
def test_archives_hold_an_armhf_image(name: str) -> None:
    service = entry(name)
    assert service["path"] == f"services/{name}-{service['version']}-armhf.tar.gz"
    with tarfile.open(EPHEMERAL / "dist" / service["path"]) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]  # files
    metadata = fromstring(files["metadata.xml"])
    with tarfile.open(fileobj=io.BytesIO(files["service.tar"])) as layout:

        def blob(digest: str) -> dict[str, Any]:
            content = layout.extractfile(f"blobs/{digest.replace(':', '/')}")
            assert content is not None
            return dict(json.load(content))

        config = blob(blob(metadata.findtext("digest") or "")["config"]["digest"])
    assert metadata.findtext("architecture") == "armhf"
    assert (config["os"], config["architecture"], config["variant"]) == ("linux", "arm", "v7")
