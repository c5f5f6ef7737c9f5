"""The base image is reproducible, described by the manifest, and fit to build on."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
DOCKER = "/usr/bin/docker"


def entry(folder: str) -> dict[str, Any]:
    manifest = json.loads((EPHEMERAL / folder / "manifest.json").read_text())
    (base,) = [item for item in manifest["artifacts"] if item["kind"] == "base"]
    return dict(base)


def test_two_builds_from_empty_give_the_same_digest() -> None:
    assert entry("dist")["digest"] == entry("again")["digest"]


def test_manifest_describes_the_image(host: Host) -> None:
    base = entry("dist")
    found = json.loads(host.check_output(f"{DOCKER} image inspect {base['image']}"))[0]
    assert (found["Id"], found["Size"]) == (base["digest"], base["size"])
    assert host.check_output(f"{DOCKER} image inspect --format '{{{{.Id}}}}' honeysens/base:latest") == base["digest"]
    assert any(package.startswith("python3 3.13") for package in base["packages"])
    assert {release["suite"] for release in base["releases"]} >= {"trixie"}


@pytest.mark.parametrize(
    "leftover",
    ["etc/resolv.conf", "etc/machine-id", "etc/hostname", "var/cache/ldconfig/aux-cache", "var/cache/apt/pkgcache.bin"],
)
def test_nothing_of_the_build_machine_is_left(host: Host, leftover: str) -> None:
    container = host.check_output(f"{DOCKER} create {entry('dist')['image']}")
    try:
        content = host.check_output(f"{DOCKER} export {container} | tar --extract --to-stdout {leftover} || true")
    finally:
        host.check_output(f"{DOCKER} rm {container}")
    assert content in {"", "uninitialized"}


def test_images_can_install_packages_from_the_mirror(host: Host) -> None:
    installed = host.run(
        f"{DOCKER} run --rm {entry('dist')['image']} sh -c 'apt-get update && apt-get install --yes --simulate nginx'"
    )
    assert installed.rc == 0, installed.stdout + installed.stderr
    assert "Inst nginx " in installed.stdout
