"""The firmware archive has the documents' layout, is reproducible, and holds the image that the manifest names."""

import hashlib
import json
import os
import tarfile
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


def member(name: str) -> bytes:
    with tarfile.open(DIST / entry("docker_x86")["path"]) as archive:
        content = archive.extractfile(name)
        assert content is not None
        return content.read()


def test_manifest_describes_the_archive() -> None:
    firmware = entry("docker_x86")
    path = DIST / firmware["path"]
    assert path.name == f"HoneySens-Firmware-docker_x86-{firmware['version']}.tar.gz"
    content = path.read_bytes()
    assert firmware["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert firmware["size"] == len(content)


def test_layout_is_that_of_the_documents_and_nobody_owns_it() -> None:
    with tarfile.open(DIST / entry("docker_x86")["path"]) as archive:
        members = archive.getmembers()
    assert {"conf", "firmware.img", "docker-compose.yml", ".env", "metadata.xml", "README.md"} < {
        m.name for m in members
    }
    assert {(m.uid, m.gid, m.mtime, m.uname) for m in members} == {(0, 0, 1700000000, "")}


def test_the_same_image_gives_the_same_archive() -> None:
    path = DIST / entry("docker_x86")["path"]
    assert path.read_bytes() == (DIST / "first" / path.name).read_bytes()


def test_metadata_names_platform_and_version() -> None:
    root = ET.fromstring(member("metadata.xml"))  # noqa: S314 - our own file, just built
    assert root.tag == "firmware"
    assert {child.tag for child in root} == {"name", "platform", "version", "description", "changelog"}
    assert (root.findtext("platform"), root.findtext("version")) == ("docker_x86", entry("docker_x86")["version"])


def test_firmware_img_is_the_image_of_the_manifest() -> None:
    image = entry("sensor")
    with tarfile.open(DIST / entry("docker_x86")["path"]) as archive:
        content = archive.extractfile("firmware.img")
        assert content is not None
        with tarfile.open(fileobj=content) as saved:
            index = saved.extractfile("manifest.json")
            assert index is not None
            (described,) = json.load(index)
    # Both spellings load as the same name.
    assert [tag.removeprefix("docker.io/") for tag in described["RepoTags"]] == [image["image"]]
    assert described["Config"].removesuffix(".json") == image["digest"].removeprefix("sha256:")


@pytest.mark.parametrize("field", ["cap_add", "tmpfs", "security_opt"])
def test_compose_file_grants_what_the_list_of_privileges_says(field: str) -> None:
    sensor = yaml.safe_load(member("docker-compose.yml"))["services"]["sensor"]
    listed = yaml.safe_load((ROOT / "roles/sensor_container/vars/privileges.yml").read_text())
    wanted = {
        "cap_add": listed["__sensor_container_capabilities"],
        "tmpfs": listed["__sensor_container_tmpfs"],
        "security_opt": ["apparmor=unconfined", "no-new-privileges", "seccomp=./seccomp.json"],
    }
    assert sensor[field] == wanted[field]
    assert (sensor["cap_drop"], sensor["read_only"]) == (["ALL"], True)
    assert not {"privileged", "network_mode", "pid", "devices"} & set(sensor)
    assert json.loads(member("seccomp.json")) == listed["__sensor_container_seccomp"]


def test_image_brings_nothing_to_build_with(host: Host) -> None:
    image = entry("sensor")["image"]
    programs = "for p in pip gcc apt-get; do command -v $p; done; sensor-manager --version"
    found = host.check_output(f"{DOCKER} run --rm --entrypoint sh {image} -c '{programs}'").split()
    assert found[0] == "/usr/bin/apt-get", found
    assert found[1:] == [entry("sensor")["version"]]
