"""The firmware archive has the documents' layout, is reproducible, and holds the image that the manifest names."""

import hashlib
import json
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from testinfra.host import Host

ROOT = Path(__file__).parents[3]
DIST = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "dist"
DOCKER = "/usr/bin/docker"


def entry(name: str) -> dict[str, Any]:
    artifacts = json.loads((DIST / "manifest.json").read_text())["artifacts"]
    return next(item for item in artifacts if (item["kind"], item["name"]) == ("firmware", name))


@dataclass
class Firmware:
    """What the archive holds, read once: unpacking it takes seconds."""

    members: list[tarfile.TarInfo] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)
    image_index: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def firmware() -> Firmware:
    read = Firmware()
    with tarfile.open(DIST / entry("docker_x86")["path"]) as archive:
        for member in archive:
            read.members.append(member)
            content = archive.extractfile(member)
            if content is None:
                continue
            if member.name == "firmware.img":
                with tarfile.open(fileobj=content) as image:
                    index = image.extractfile("manifest.json")
                    assert index is not None
                    read.image_index = json.load(index)
            else:
                read.texts[member.name] = content.read()
    return read


def test_manifest_describes_the_archive() -> None:
    firmware = entry("docker_x86")
    path = DIST / firmware["path"]
    assert path.name == f"HoneySens-Firmware-docker_x86-{firmware['version']}.tar.gz"
    content = path.read_bytes()
    assert firmware["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert firmware["size"] == len(content)


def test_layout_is_that_of_the_documents_and_nobody_owns_it(firmware: Firmware) -> None:
    documented = {"conf", "firmware.img", "docker-compose.yml", ".env", "metadata.xml", "README.md"}
    assert documented < {member.name for member in firmware.members}
    owners = {(member.uid, member.gid, member.mtime, member.uname) for member in firmware.members}
    assert owners == {(0, 0, 1700000000, "")}


def test_the_same_image_gives_the_same_archive() -> None:
    path = DIST / entry("docker_x86")["path"]
    assert path.read_bytes() == (DIST / "first" / path.name).read_bytes()


def test_metadata_names_platform_and_version(firmware: Firmware) -> None:
    root = ET.fromstring(firmware.texts["metadata.xml"])  # noqa: S314 - our own file, just built
    assert root.tag == "firmware"
    assert {child.tag for child in root} == {"name", "platform", "version", "description", "changelog"}
    assert (root.findtext("platform"), root.findtext("version")) == ("docker_x86", entry("docker_x86")["version"])


def test_firmware_img_is_the_image_of_the_manifest(firmware: Firmware) -> None:
    image = entry("sensor")
    (described,) = firmware.image_index
    # Both spellings load as the same name.
    assert [tag.removeprefix("docker.io/") for tag in described["RepoTags"]] == [image["image"]]
    assert described["Config"].removesuffix(".json") == image["digest"].removeprefix("sha256:")


@pytest.mark.parametrize("granted", ["cap_add", "tmpfs", "security_opt"])
def test_compose_file_grants_what_the_list_of_privileges_says(firmware: Firmware, granted: str) -> None:
    sensor = yaml.safe_load(firmware.texts["docker-compose.yml"])["services"]["sensor"]
    listed = yaml.safe_load((ROOT / "roles/sensor_container/vars/privileges.yml").read_text())
    wanted = {
        "cap_add": listed["__sensor_container_capabilities"],
        "tmpfs": listed["__sensor_container_tmpfs"],
        "security_opt": ["apparmor=unconfined", "no-new-privileges", "seccomp=./seccomp.json"],
    }
    assert sensor[granted] == wanted[granted]
    assert (sensor["cap_drop"], sensor["read_only"]) == (["ALL"], True)
    assert not {"privileged", "network_mode", "pid", "devices"} & set(sensor)
    assert json.loads(firmware.texts["seccomp.json"]) == listed["__sensor_container_seccomp"]


def test_image_brings_nothing_to_build_with(host: Host) -> None:
    image = entry("sensor")["image"]
    programs = "for p in pip gcc apt-get; do command -v $p; done; sensor-manager --version"
    found = host.check_output(f"{DOCKER} run --rm --entrypoint sh {image} -c '{programs}'").split()
    assert found[0] == "/usr/bin/apt-get", found
    assert found[1:] == [entry("sensor")["version"]]
