# ruff: noqa: INP001 - like all test folders this one is no package
"""Makes the adapters importable where they are not installed, as in their images, and gives tests the sensor's end."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE / folder) for folder in ("tests/support", "adapter/src", "cowrie/plugin", "recon/plugin")]

from honeypot_testing.sensor_end import SensorEnd  # noqa: E402 - only now importable


@pytest.fixture
def sensor_end(tmp_path: Path) -> Iterator[SensorEnd]:
    """Run the sensor's end of a socket in a folder of its own."""
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    with SensorEnd(folder / "events.sock") as sensor:
        yield sensor
