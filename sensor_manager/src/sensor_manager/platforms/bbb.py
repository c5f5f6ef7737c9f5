"""The BeagleBone Black: its four lights say how the sensor is."""

import threading
from dataclasses import astuple
from pathlib import Path

from sensor_manager.model import Phase
from sensor_manager.plan.lights import Panel, panel
from sensor_manager.platforms.base import LinuxHost
from sensor_wire.v1.architecture import Architecture

LIGHTS = tuple(f"beaglebone:green:usr{number}" for number in range(4))
"""From the corner inwards: manager, network, server, honeypots."""


class Bbb(LinuxHost):
    """A board with armhf images.

    Args:
        leds: the kernel's folder of lights; those that are missing are left out.
    """

    name = "bbb"
    architecture = Architecture.ARMHF

    def __init__(self, leds: Path = Path("/sys/class/leds")) -> None:
        self._leds = leds
        self._lock = threading.Lock()
        self._ended: dict[Phase, bool] = {}
        self._shown: Panel | None = None

    def after(self, phase: Phase, problem: str | None) -> None:
        """Show how the sensor is now."""
        with self._lock:
            self._ended[phase] = problem is None
            self._show(panel(self._ended))

    def close(self) -> None:
        """Turn all lights off: nobody is there any more."""
        with self._lock:
            self._show(Panel())

    def _show(self, wanted: Panel) -> None:
        shown = astuple(self._shown) if self._shown else (None,) * len(LIGHTS)
        for name, light, before in zip(LIGHTS, astuple(wanted), shown, strict=True):
            trigger = self._leds / name / "trigger"
            if light != before and trigger.exists():
                trigger.write_text(light, encoding="ascii")
        self._shown = wanted
