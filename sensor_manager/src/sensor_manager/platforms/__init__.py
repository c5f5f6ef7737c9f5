"""What differs between the machines a sensor can run on, chosen on the command line."""

from collections.abc import Callable

from sensor_manager.platforms.base import Platform
from sensor_manager.platforms.bbb import Bbb
from sensor_manager.platforms.docker_x86 import DockerX86
from sensor_manager.platforms.dummy import Dummy

PLATFORMS: dict[str, Callable[[], Platform]] = {"bbb": Bbb, "docker_x86": DockerX86, "dummy": Dummy}
