"""Which differences between two reports are worth a write. Pure.

Figures that always move count by coarse steps only: the stored report is then no further off than a step, and is
renewed now and then anyway.
"""

from datetime import datetime
from hashlib import sha256

from sensor_wire.v1.poll import Report
from server_app.sensors.health import clock_offset, health_of

MEMORY_STEPS = 8
DISK_STEPS = 20
CLOCK_STEP = 30.0  # seconds
VOLATILE = {"observed_at", "uptime", "memory_available", "disk_used", "clock_offset", "spool"}


def digest(report: Report, received_at: datetime) -> str:
    """SHA-256, hexadecimal; equal for reports that say the same as far as anybody cares."""
    figures = (
        health_of(report, received_at),
        _step(report.memory_available, report.memory_total, MEMORY_STEPS),
        _step(report.disk_used, report.disk_total, DISK_STEPS),
        int(clock_offset(report, received_at) / CLOCK_STEP),
        report.spool.depth.bit_length(),
        report.spool.dropped,
        report.spool.quarantined,
        report.spool.refused,
        report.spool.damaged,
    )
    return sha256(f"{report.model_dump_json(exclude=VOLATILE)}{figures}".encode()).hexdigest()


def _step(part: int, whole: int, steps: int) -> int:
    return part * steps // whole if whole else 0
