"""Waits for a condition instead of for a time."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float, what: Callable[[], str] | str) -> None:
    """Return as soon as the condition holds; fail with `what` was awaited when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what() if callable(what) else what}"
        time.sleep(0.05)
