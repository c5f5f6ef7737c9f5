"""The rate of a sensor's event path, measured with few events."""

from pathlib import Path

from bench.event_path import FIGURES, measure_event_path
from bench.progress import Progress
from bench.results import GOALS


def test_the_rate_comes_out_beside_its_floor(tmp_path: Path) -> None:
    assert GOALS.keys() > FIGURES
    (found,) = measure_event_path(tmp_path, Progress(), events=80)
    assert found.figure == "sensor_events_per_s"
    assert found.value > 0
    assert found.floor is not None
    assert found.floor > 0
