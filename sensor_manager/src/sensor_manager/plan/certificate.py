"""What is due with the sensor's certificate."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

RENEW_LEFT = 3
"""It is renewed when this fraction (a third) of its life is left."""
SPREAD = 12
"""Sensors enrolled together do not come together: each waits up to this fraction (a twelfth) of the life longer."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate holds. `place`, from 0 to 1, is always the same and differs between sensors."""

    not_before: datetime
    not_after: datetime
    place: float


class Step(Enum):
    """What to do before the next poll."""

    ENROL = auto()
    """There is no certificate for this sensor and its key."""
    COME_BACK = auto()
    """Nothing else works: it has expired by the sensor's clock, or the server refuses it."""
    RENEW = auto()
    """It still holds, and if renewing fails there is time."""
    USE = auto()


def next_step(validity: Validity | None, now: datetime, *, refused: bool) -> Step:
    """Decide what is due.

    Args:
        validity: of the sensor's certificate; None when it has none.
        now: the sensor's clock.
        refused: whether the server does not accept it, whatever the sensor's clock says.
    """
    if validity is None:
        return Step.ENROL
    life = validity.not_after - validity.not_before
    left = validity.not_after - now
    if refused or left.total_seconds() <= 0:
        return Step.COME_BACK
    return Step.RENEW if left <= life / RENEW_LEFT - validity.place * life / SPREAD else Step.USE
