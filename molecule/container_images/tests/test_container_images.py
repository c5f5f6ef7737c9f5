"""Images hold what was staged, are named by their inputs, and are described by the manifest."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from testinfra.host import Host

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
NAME = "molecule-container-images"
DOCKER = "/usr/bin/docker"


def entry(folder: str) -> dict[str, Any]:
    manifest = json.loads((EPHEMERAL / folder / "manifest.json").read_text(encoding="utf-8"))
    (found,) = [item for item in manifest["artifacts"] if item["name"] == NAME]
    return dict(found)


def content(host: Host, folder: str, file: str) -> str:
    return str(host.check_output(f"{DOCKER} run --rm --network=none {entry(folder)['image']} cat {file}"))


def test_wheels_are_those_of_our_images_python(host: Host) -> None:
    wheels = content(host, "dist", "/wheels.txt").split()
    assert len(wheels) == 4
    assert any(wheel.startswith("markupsafe-") and "cp313-cp313-manylinux" in wheel for wheel in wheels)
    assert any(wheel.startswith("sensor_wire-") for wheel in wheels)


def test_what_the_index_has_as_source_only_is_built_and_pinned_anew(host: Host) -> None:
    (wheel,) = [name for name in content(host, "dist", "/wheels.txt").split() if name.startswith("crc16-")]
    assert wheel == "crc16-0.1.1-cp313-cp313-linux_x86_64.whl"
    staged = (EPHEMERAL / "dist" / "build" / NAME / "wheels" / wheel).read_bytes()
    (pinned,) = [line for line in content(host, "dist", "/requirements.txt").splitlines() if line.startswith("crc16")]
    assert pinned == f"crc16==0.1.1 --hash=sha256:{hashlib.sha256(staged).hexdigest()}"


def test_other_files_are_in_their_places(host: Host) -> None:
    assert "Apache License" in content(host, "dist", "/LICENSE")
    assert "--hash=sha256:" in content(host, "dist", "/requirements.txt")
    assert not (EPHEMERAL / "dist" / "build" / NAME / "tests").exists()


def test_manifest_describes_image_and_archive(host: Host) -> None:
    found = entry("dist")
    image = json.loads(host.check_output(f"{DOCKER} image inspect {found['image']}"))[0]
    assert (found["digest"], found["size"], found["kind"]) == (image["Id"], image["Size"], "server")
    assert (EPHEMERAL / "dist" / found["path"]).stat().st_size > 0


def test_a_changed_input_gives_another_image(host: Host) -> None:
    assert entry("dist")["image"] != entry("again")["image"]
    assert (content(host, "dist", "/greeting.txt"), content(host, "again", "/greeting.txt")) == ("hello", "good day")
    latest = host.check_output(f"{DOCKER} image inspect --format '{{{{.Id}}}}' honeysens/{NAME}:latest")
    assert latest == entry("again")["digest"]
