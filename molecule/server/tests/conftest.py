"""The deployed server as an operator and as a stranger see it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scenario_testing.deployed import Admin, Sensor, enrolled

PREFIX = "molecule-server"


def docker(*arguments: str) -> str:
    """The output of Docker's client."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def inspect() -> Callable[[str], dict[str, Any]]:
    """What the engine knows about a container, by its name without the prefix."""

    def _inspect(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker("inspect", f"{PREFIX}-{name}"))[0]
        return found

    return _inspect


@pytest.fixture
def containers() -> list[str]:
    """Names of the containers that run, without the prefix."""
    names = docker("ps", "--filter", f"name={PREFIX}-", "--format", "{{.Names}}").split()
    return sorted(name.removeprefix(f"{PREFIX}-") for name in names)


@pytest.fixture
def admin() -> Admin:
    """An administrator who is logged in."""
    return Admin()


@pytest.fixture
def sensor(admin: Admin, tmp_path: Path) -> Iterator[Sensor]:
    """A sensor that has enrolled, for one test."""
    with enrolled(admin, tmp_path) as one:
        yield one
