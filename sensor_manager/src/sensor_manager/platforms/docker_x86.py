"""The sensor as a container on an x86 host, with a container engine of its own inside."""

from sensor_manager.platforms.base import LinuxHost
from sensor_wire.v1.architecture import Architecture


class DockerX86(LinuxHost):
    """Memory and uptime are the host's, which all containers share."""

    name = "docker_x86"
    architecture = Architecture.AMD64
