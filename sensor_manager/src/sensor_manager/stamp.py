"""The machine's clocks."""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment: which boot of the machine, seconds since it began, and what the settable clock shows (since 1970)."""

    boot: str
    uptime: float
    wall: float


def read_stamp() -> Stamp:
    """Read all clocks at once."""
    return Stamp(_boot(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time())


@cache
def _boot() -> str:
    return BOOT_ID.read_text(encoding="ascii").strip()
