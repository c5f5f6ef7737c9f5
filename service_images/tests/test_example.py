"""The honeypot of docs/adding-a-honeypot.md is one like ours; the scenario `service_images` builds and attacks it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from honeypot_testing import example

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def finger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    shutil.copy(ROOT / "pyproject.toml", root)
    return example.write(root / "service_images")


def test_each_block_of_the_page_is_a_file(finger: Path) -> None:
    page = example.PAGE.read_text(encoding="utf-8")
    assert page.count("\n```\n") == len([file for file in finger.rglob("*") if file.is_file()])
    assert {"Dockerfile", "metadata.xml", "plugin", "tests"} == {file.name for file in finger.iterdir()}


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_it_is_written_as_we_write(finger: Path, command: tuple[str, ...]) -> None:
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache"]
    done = subprocess.run(ruff, cwd=finger, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
