"""What time it is, on a machine whose clock may be years off.

The server's authenticated answers tell when the present boot of the machine began. A moment is then known by its
distance from that, whatever the settable clock showed or was set to in between.
"""

import json
from datetime import datetime, timedelta
from typing import Any

TOLERANCE = 2.0
"""Seconds of error that are left alone: an answer's time is in whole seconds, and takes a moment to arrive."""


def wall_error(uptime: float | None, wall: float | None, started: float | None) -> float:
    """Return how many seconds the settable clock was ahead at a moment; 0 when it is right or nobody knows.

    Args:
        uptime: seconds from the start of the boot to the moment.
        wall: what the clock showed, in seconds since 1970.
        started: when the boot began by the server's clock; None while the server has not answered in that boot.
    """
    if uptime is None or wall is None or started is None:
        return 0.0
    error = wall - (started + uptime)
    return error if abs(error) > TOLERANCE else 0.0


def correct_times(body: str, error: float) -> str:
    """Return an event (JSON text) whose times do not carry the error (seconds ahead) any more.

    A time that has no place in the calendar after that stays as it is.
    """
    if not error:
        return body
    event: dict[str, Any] = json.loads(body)
    for each in (event, *event["details"], *event["packets"]):
        try:
            each["time"] = (datetime.fromisoformat(each["time"]) - timedelta(seconds=error)).isoformat()
        except OverflowError:
            continue
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
