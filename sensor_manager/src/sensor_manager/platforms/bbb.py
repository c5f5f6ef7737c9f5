"""The BeagleBone Black: its four lights say how the sensor is, and its clock, which has no battery, is set."""

import threading
import time
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

import structlog

from sensor_manager.effects.machine import set_clock
from sensor_manager.model import Phase
from sensor_manager.plan.clock import clock_setting
from sensor_manager.plan.lights import Panel, panel
from sensor_manager.platforms.base import LinuxHost
from sensor_wire.v1.architecture import Architecture

LIGHTS = tuple(f"beaglebone:green:usr{number}" for number in range(4))
"""From the corner inwards: manager, network, server, honeypots."""

log = structlog.get_logger(__name__)


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

    def take_time(self, now: datetime) -> None:
        """Set the board's clock where it is wrong: honeypots show it, and what they date is told by it."""
        wall = time.time()
        setting = clock_setting(wall, now.timestamp())
        if setting is None:
            return
        try:
            set_clock(setting)
        except OSError as error:
            log.warning("the clock is wrong and cannot be set", seconds_ahead=round(wall - setting), reason=str(error))
        else:
            log.warning("the clock was set", seconds_ahead=round(wall - setting))

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
