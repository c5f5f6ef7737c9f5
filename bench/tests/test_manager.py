"""The manager's figures, measured as briefly as possible."""

from pathlib import Path

import pytest

from bench.manager import FIGURES, measure_manager
from bench.progress import Progress
from bench.results import GOALS

pytestmark = [pytest.mark.docker, pytest.mark.netns]


def test_all_of_the_managers_figures_come_out(tmp_path: Path) -> None:
    assert GOALS.keys() > FIGURES
    found = {one.figure: one.value for one in measure_manager(tmp_path, set(FIGURES), Progress(), cycles=1)}
    assert found.keys() == FIGURES
    assert all(value > 0 for value in found.values())
