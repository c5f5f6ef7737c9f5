"""Images for armhf say so, and honeypots share what they can."""

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
SERVICES = Path(__file__).parents[3] / "service_images"
WANTED = [os.environ["HONEYSENS_ARMHF"]] if os.environ.get("HONEYSENS_ARMHF") else ["conpot", "recon"]
HONEYPOTS = sorted(file.parent.name for name in WANTED for file in SERVICES.glob(f"{name}/metadata.xml"))

pytestmark = pytest.mark.emulated


def entry(name: str) -> dict[str, Any]:
    manifest = json.loads((EPHEMERAL / "dist" / "manifest.json").read_text(encoding="utf-8"))
    (found,) = [item for item in manifest["artifacts"] if item["name"] == name]
    return dict(found)


def inspected(host: Host, image: str) -> dict[str, Any]:
    return dict(json.loads(host.check_output(f"{DOCKER} image inspect {image}"))[0])


def test_images_are_named_after_their_architecture_and_share_base_and_python(host: Host) -> None:
    assert entry("base")["arch"] == "armhf"
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
