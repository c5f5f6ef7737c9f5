"""What every platform answers."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol

from sensor_manager.effects.machine import Figures
from sensor_wire.v1.architecture import Architecture


class Platform(Protocol):
    """The machine around the manager."""

    @property
    def name(self) -> str:
        """The platform's name in the report."""

    @property
    def architecture(self) -> Architecture:
        """The architecture whose images run here."""

    def figures(self, state: Path) -> Figures:
        """Read memory, uptime and the disk that holds the state folder."""

    def address(self, interface: str) -> IPv4Address | None:
        """Return the sensor's address on the interface; None while it has none."""
