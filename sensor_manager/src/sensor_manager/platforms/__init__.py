"""What differs between the machines a sensor can run on, chosen on the command line."""

from collections.abc import Callable

from sensor_manager.platforms.base import Platform
from sensor_manager.platforms.docker_x86 import DockerX86

PLATFORMS: dict[str, Callable[[], Platform]] = {"docker_x86": DockerX86}
