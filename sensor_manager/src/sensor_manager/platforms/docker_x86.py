"""The sensor as a container on an x86 host, with a container engine of its own inside."""

from ipaddress import IPv4Address
from pathlib import Path

from sensor_manager.effects.machine import Figures, interface_address, read_figures
from sensor_wire.v1.architecture import Architecture


class DockerX86:
    """Memory and uptime are the host's, which all containers share."""

    name = "docker_x86"
    architecture = Architecture.AMD64

    def figures(self, state: Path) -> Figures:
        """Read memory, uptime and the disk that holds the state volume."""
        return read_figures(state)

    def address(self, interface: str) -> IPv4Address | None:
        """Return the container's address on the interface."""
        return interface_address(interface)
