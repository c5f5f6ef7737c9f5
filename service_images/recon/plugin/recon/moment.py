"""A moment on both clocks."""

import time
from typing import NamedTuple, Self


class Moment(NamedTuple):
    """`monotonic` measures (seconds), `wall` is what events say (seconds since the epoch)."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> Self:
        """Read both clocks."""
        return cls(time.monotonic(), time.time())
