"""What platforms make of phases."""

from pathlib import Path

import pytest

from sensor_manager.model import Phase
from sensor_manager.plan.lights import Light, Panel, panel
from sensor_manager.platforms.base import Phases
from sensor_manager.platforms.bbb import LIGHTS, Bbb


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ({}, Panel(manager=Light.BEATS)),
        ({Phase.NETWORK: True}, Panel(manager=Light.BEATS, network=Light.ON)),
        ({Phase.NETWORK: False}, Panel(manager=Light.BEATS, network=Light.BLINKS)),
        (
            {Phase.NETWORK: True, Phase.POLL: False, Phase.SERVICES: True},
            Panel(manager=Light.BEATS, network=Light.ON, server=Light.BLINKS, honeypots=Light.ON),
        ),
    ],
)
def test_lights(ended: dict[Phase, bool], expected: Panel) -> None:
    assert panel(ended) == expected


@pytest.fixture
def leds(tmp_path: Path) -> Path:
    for name in LIGHTS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "trigger").write_text("mmc0")
    return tmp_path


def shown(leds: Path) -> list[str]:
    return [(leds / name / "trigger").read_text() for name in LIGHTS]


def test_board_shows_phases_on_its_lights(leds: Path) -> None:
    board = Bbb(leds)
    phases = Phases(board)
    with phases.during(Phase.POLL):
        pass
    assert shown(leds) == ["heartbeat", "none", "default-on", "none"]
    with pytest.raises(OSError, match="away"), phases.during(Phase.POLL):
        raise OSError("away")
    assert shown(leds) == ["heartbeat", "none", "timer", "none"]
    board.close()
    assert shown(leds) == ["none"] * 4


def test_missing_or_broken_lights_hinder_nothing(leds: Path, tmp_path: Path) -> None:
    Phases(Bbb(tmp_path / "nowhere")).end(Phase.POLL, None)
    (leds / LIGHTS[0] / "trigger").unlink()
    (leds / LIGHTS[0] / "trigger").mkdir()
    done = False
    with Phases(Bbb(leds)).during(Phase.SERVICES):
        done = True
    assert done
