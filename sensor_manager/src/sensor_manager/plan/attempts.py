"""When a service that fails is tried again."""

from dataclasses import replace

from sensor_manager.model import Attempts
from sensor_manager.plan.backoff import backoff_delay

FIRST_DELAY = 1.0
MAX_DELAY = 300.0
STABLE_AFTER = 60.0
"""Seconds of running after which earlier failures no longer count."""


def after_start(before: Attempts | None, contract: str, now: float, jitter: float, *, again: bool) -> Attempts:
    """Return the attempts after a start; should the honeypot end soon, it waits longer each time."""
    base = _of_contract(before, contract)
    next_try = _next_try(base, now, jitter)
    return replace(next_try, error=None, restarts=base.restarts + again)


def after_failure(before: Attempts | None, contract: str, now: float, jitter: float, error: str) -> Attempts:
    """Return the attempts after something did not work."""
    return replace(_next_try(_of_contract(before, contract), now, jitter), error=error)


def after_success(before: Attempts | None, contract: str) -> Attempts:
    """Return the attempts once the service runs well or its image has arrived."""
    return Attempts(contract, restarts=_of_contract(before, contract).restarts)


def _next_try(base: Attempts, now: float, jitter: float) -> Attempts:
    count = base.count + 1
    return replace(
        base, count=count, retry_at=now + backoff_delay(count, first=FIRST_DELAY, cap=MAX_DELAY, jitter=jitter)
    )


def _of_contract(before: Attempts | None, contract: str) -> Attempts:
    return before if before is not None and before.contract == contract else Attempts(contract)
