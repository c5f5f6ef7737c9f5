"""When a service that fails is tried again, and when it counts as hopeless."""

from dataclasses import replace

from sensor_manager.model import Attempts
from sensor_manager.plan.backoff import backoff_delay

FIRST_DELAY = 1.0
MAX_DELAY = 300.0
STABLE_AFTER = 60.0
"""Seconds of running after which earlier failures no longer count."""
CRASH_LOOP = 4
"""Starts in a row none of which lasted: a fault that does not go away by itself."""


def after_start(before: Attempts | None, now: float, jitter: float, *, again: bool) -> Attempts:
    """Return the attempts after a start; should the honeypot end soon, it waits longer each time."""
    base = before or Attempts()
    return replace(_next_try(base, now, jitter), error=None, restarts=base.restarts + again)


def after_failure(before: Attempts | None, now: float, jitter: float, error: str) -> Attempts:
    """Return the attempts after something did not work."""
    return replace(_next_try(before or Attempts(), now, jitter), error=error)


def after_end(before: Attempts | None, ending: str, log: tuple[str, ...]) -> Attempts:
    """Return the attempts after the honeypot has ended."""
    return replace(before or Attempts(), ending=ending, log=log)


def after_success(before: Attempts | None) -> Attempts:
    """Return the attempts once the service runs well or its image has arrived."""
    return Attempts(restarts=before.restarts if before else 0)


def crash_loops(attempts: Attempts | None) -> bool:
    """Tell whether the honeypot ends again and again, also while it runs for the moment."""
    return attempts is not None and attempts.ending is not None and attempts.count >= CRASH_LOOP


def _next_try(base: Attempts, now: float, jitter: float) -> Attempts:
    count = base.count + 1
    return replace(
        base, count=count, retry_at=now + backoff_delay(count, first=FIRST_DELAY, cap=MAX_DELAY, jitter=jitter)
    )
