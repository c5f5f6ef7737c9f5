# ruff: noqa: INP001 - like all test folders this one is no package
"""What the tests of all honeypots share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from honeypot_testing.sensor_end import SensorEnd


@pytest.fixture
def sensor_end(tmp_path: Path) -> Iterator[SensorEnd]:
    """Run the sensor's end of a socket in a folder of its own."""
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    with SensorEnd(folder / "events.sock") as sensor:
        yield sensor
