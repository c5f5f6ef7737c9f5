"""What time it is, on a machine whose clock may be years off.

The server's authenticated answers tell when the present boot of the machine began. A moment is then known by its
distance from that, whatever the settable clock showed or was set to in between.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TOLERANCE = 2.0
"""Seconds of error that are left alone: an answer's time is in whole seconds, and takes a moment to arrive."""

SLACK = 60.0
"""Seconds by which a time may lie outside of what can be: clocks are also set by little."""
LEFT_ALONE = 30.0
"""Seconds by which a board's settable clock may be off before it is set: more than any answer comes late, by which the
time is known. Else a slow line would have it set to and fro."""


def clock_setting(wall: float, known: float) -> float | None:
    """Return what a board's settable clock is to be set to; None when it is near enough.

    Args:
        wall: what it shows, in seconds since 1970.
        known: what time it is by the server's answers.
    """
    return known if abs(wall - known) > LEFT_ALONE else None


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


def correct_times(body: str, uptime: float | None, wall: float | None, started: float | None) -> str:
    """Return an event (JSON text) whose times are those of the server's clock.

    A time that even then lies before the boot or after the event's arrival was taken while the clock stood otherwise:
    somebody has set it since. Then the moment of arrival is what is nearest to the truth. What has no place in the
    calendar stays as it is.

    Args:
        body: the event.
        uptime: when it arrived, as above.
        wall: likewise.
        started: likewise.
    """
    if uptime is None or started is None:
        return body
    error, arrived = wall_error(uptime, wall, started), started + uptime
    event: dict[str, Any] = json.loads(body)
    changed = False
    for each in (event, *event["details"], *event["packets"]):
        said = datetime.fromisoformat(each["time"]).timestamp()
        right = said - error
        if not started - SLACK <= right <= arrived + SLACK:
            right = arrived
        if right != said:
            with suppress(ValueError, OverflowError):
                each["time"] = datetime.fromtimestamp(right, UTC).isoformat()
                changed = True
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False) if changed else body


@dataclass(frozen=True, slots=True)
class KnownTime:
    """What the sensor knows of the time by its server's answers; all in seconds since 1970.

    Attributes:
        boot: the boot of the machine in which the server has last answered.
        started: when that boot began by the server's clock.
        floor: it is later than that in any case; never goes back.
    """

    boot: str = ""
    started: float = 0.0
    floor: float = 0.0

    def at(self, boot: str, uptime: float) -> float | None:
        """Return what time it is; None while the server has not answered in this boot."""
        return self.started + uptime if boot == self.boot else None


def learn(known: KnownTime, boot: str, uptime: float, server: float, certificate_end: float) -> KnownTime:
    """Return what is known after an authenticated answer.

    Args:
        known: what was known before.
        boot: the present boot.
        uptime: seconds since its start, when the answer came.
        server: the answer's time.
        certificate_end: when the server's certificate ends. The floor does not pass it, so that a server whose clock is
            far ahead for a while does not make every later certificate look expired.
    """
    before = known.at(boot, uptime)
    steady = before is not None and abs(before - server) <= TOLERANCE
    return KnownTime(
        boot=boot,
        started=known.started if steady else server - uptime,
        floor=max(known.floor, min(server, certificate_end)),
    )


def certificate_fault(begin: float, end: float, *, now: float | None, floor: float) -> str | None:
    """Return why a server's certificate must not be trusted at this time; None when it may.

    While the time is not known, the settable clock is not asked: it may be years off in either direction. A certificate
    that ended before the last time the server was known to be there is refused even so; one that seems to begin in the
    future is not, for its own server will tell what time it is.

    Args:
        begin: when the certificate begins to hold.
        end: when it ends.
        now: what time it is by the server's earlier answers.
        floor: it is later than that.
    """
    if end <= (floor if now is None else max(now, floor)):
        return f"it ended on {_day(end)}"
    if now is not None and begin > now + TOLERANCE:
        return f"it begins on {_day(begin)}"
    return None


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
