"""The platforms that sensors are built for."""

from dataclasses import dataclass
from enum import StrEnum

from sensor_wire.v1.architecture import Architecture


class PlatformName(StrEnum):
    """A platform, as sensors report it."""

    BBB = "bbb"
    DOCKER_X86 = "docker_x86"


@dataclass(frozen=True)
class Platform:
    """What people call it, and the architecture of its honeypots."""

    title: str
    architecture: Architecture


PLATFORMS = {
    PlatformName.BBB: Platform("BeagleBone Black", Architecture.ARMHF),
    PlatformName.DOCKER_X86: Platform("Docker (x86)", Architecture.AMD64),
}
