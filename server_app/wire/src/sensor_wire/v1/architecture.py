"""The CPU architectures of sensors, named as Debian names them."""

from enum import StrEnum


class Architecture(StrEnum):
    """Architecture of a sensor and of the images made for it."""

    AMD64 = "amd64"
    ARMHF = "armhf"
