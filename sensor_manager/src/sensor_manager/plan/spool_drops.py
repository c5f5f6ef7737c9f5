"""Which events give way when the spool is full."""

from collections.abc import Iterable
from typing import NamedTuple

from sensor_wire.v1.event import Severity

SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}
"""Severities as they are stored, so that the least important sorts first."""


class SpooledSize(NamedTuple):
    """One stored event as far as the policy needs it; `size` in bytes."""

    sequence: int
    size: int


def choose_drops(least_important_first: Iterable[SpooledSize], excess: int) -> list[int]:
    """Take events from the least important on until `excess` bytes are freed.

    Args:
        least_important_first: by severity, then oldest first; read no further than needed.
        excess: bytes by which the spool is above its bound; nothing is dropped at 0 or below.

    Returns:
        Sequence numbers of the events to drop.
    """
    drops: list[int] = []
    for event in least_important_first:
        if excess <= 0:
            break
        drops.append(event.sequence)
        excess -= event.size
    return drops
