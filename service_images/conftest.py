# ruff: noqa: INP001 - like all test folders this one is no package
"""What the tests of all honeypots share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from honeypot_testing.sensor_end import SensorEnd

# Each honeypot's adapter, whichever there are: a new one is a new folder and nothing else.
sys.path[:0] = map(str, sorted(Path(__file__).parent.glob("*/plugin")))


@pytest.fixture
def sensor_end(tmp_path: Path) -> Iterator[SensorEnd]:
    """Run the sensor's end of a socket in a folder of its own."""
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    with SensorEnd(folder / "events.sock") as sensor:
        yield sensor


@pytest.fixture(scope="module")
def sensor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SensorEnd]:
    """Run one for all tests of a file, with an identity: its honeypot takes long to start."""
    folder = tmp_path_factory.mktemp("run")
    folder.chmod(0o755)
    (folder / "identity").write_text("5e" * 32)
    with SensorEnd(folder / "events.sock") as end:
        yield end
