"""What a board's lights say about the sensor, for somebody who stands in front of it without a screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sensor_manager.model import Phase


class Light(StrEnum):
    """How a light is driven; the names are those of the kernel's triggers."""

    OFF = "none"
    ON = "default-on"
    BLINKS = "timer"
    BEATS = "heartbeat"


@dataclass(frozen=True, slots=True)
class Panel:
    """The four lights beside each other."""

    manager: Light = Light.OFF
    network: Light = Light.OFF
    server: Light = Light.OFF
    honeypots: Light = Light.OFF


def panel(ended: Mapping[Phase, bool]) -> Panel:
    """Return the lights; steady is good, blinking has a problem, off has not happened yet.

    Args:
        ended: the phases that have ended, and whether well.
    """
    return Panel(
        manager=Light.BEATS,
        network=_light(ended.get(Phase.NETWORK)),
        server=_light(ended.get(Phase.POLL)),
        honeypots=_light(ended.get(Phase.SERVICES)),
    )


def _light(well: bool | None) -> Light:  # noqa: FBT001 - three states: well, not well, not yet
    if well is None:
        return Light.OFF
    return Light.ON if well else Light.BLINKS
