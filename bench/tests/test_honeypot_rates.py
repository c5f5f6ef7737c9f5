"""The honeypots' rates, measured with few connections to their real images."""

import json
from pathlib import Path

import pytest

from bench import honeypot_rates, ssh_logins
from bench.doors import DOORS
from bench.errors import BenchError
from bench.honeypots import built_images
from bench.progress import Progress
from bench.results import GOALS
from bench.stand import SERVICES


def manifest(folder: Path, *names: str) -> Path:
    """One as a build leaves it: an archive named as its service, and the image that went into it."""
    entries = []
    for name in names:
        about = {"kind": "service", "arch": "amd64", "image": f"honeysens/service-{name}:latest"}
        entries += [
            {**about, "name": name, "path": f"{name}.tar.gz"},
            {**about, "name": f"service-{name}", "path": None},
        ]
    file = folder / "manifest.json"
    file.write_text(json.dumps({"artifacts": entries}))
    return file


def test_built_images_are_named_as_their_folders(tmp_path: Path) -> None:
    assert built_images(manifest(tmp_path, "rdp")) == {"rdp": "honeysens/service-rdp:latest"}
    with pytest.raises(BenchError, match="make images"):
        built_images(manifest(tmp_path))


def test_all_figures_have_a_goal_and_all_doors_a_honeypot() -> None:
    assert GOALS.keys() > honeypot_rates.FIGURES | ssh_logins.FIGURES
    assert {each.service for each in DOORS} == {file.parent.name for file in SERVICES.glob("*/metadata.xml")}


@pytest.mark.docker
def test_rates_and_flood_come_out_with_every_connection_told(tmp_path: Path) -> None:
    wanted = {"honeypot_conpot_per_s", "honeypot_rdp_per_s", "honeypots_flood_lost"}
    size = honeypot_rates.Size(rounds=1, connections=40, flood=60)
    found = honeypot_rates.measure_honeypot_rates(
        tmp_path / "rates", wanted, size, Progress(), manifest(tmp_path, "conpot", "rdp")
    )
    by_name = {one.figure: one for one in found}
    assert by_name.keys() == wanted
    assert by_name.pop("honeypots_flood_lost").value == 0
    assert all(one.value > 0 and one.floor for one in by_name.values())


@pytest.mark.docker
def test_logins_and_the_memory_of_sessions_come_out(tmp_path: Path) -> None:
    size = ssh_logins.Size(rounds=1, logins=4, sessions=3)
    found = ssh_logins.measure_ssh_logins(
        tmp_path / "logins", set(ssh_logins.FIGURES), size, Progress(), manifest(tmp_path, "cowrie")
    )
    assert {one.figure for one in found} == ssh_logins.FIGURES
    assert all(one.value > 0 and one.floor for one in found)
