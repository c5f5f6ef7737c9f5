"""Handles for the sensor under test and the engine inside it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from scenario_testing.machine import DOCKER, docker, run

SENSOR = "molecule-sensor"
IMAGE = "honeysens/base:latest"
EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
HARDENED = (
    *("--init", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=10001:10001"),
    *("--memory=64m", "--memory-swap=64m", "--pids-limit=16", "--tmpfs=/tmp:mode=700,uid=10001,size=8m"),
)
"""How the manager runs honeypots."""


def inside(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command in the sensor's container."""
    return run(DOCKER, "exec", SENSOR, *arguments, check=check)


def nested(*arguments: str, check: bool = True) -> str:
    """Call the engine inside the sensor."""
    return inside("docker", *arguments, check=check).stdout.strip()


def inspect(template: str, name: str = SENSOR) -> Any:
    """A part of what the outer engine knows of a container."""
    return json.loads(docker("inspect", "--format", f"{{{{json {template}}}}}", name))


def engine_answers() -> bool:
    return inside("docker", "version", check=False).returncode == 0


def process(pattern: str) -> str:
    """Process id of the oldest process of that command line, or nothing."""
    return inside("pgrep", "-o", "-f", pattern, check=False).stdout.strip()
