"""Waits for a condition instead of for a time."""

import time
from collections.abc import Callable

PATIENCE = 300
"""Seconds to wait for what must happen; what a machine with much to do never reaches."""


def wait_for(condition: Callable[[], object], what: Callable[[], str] | str) -> None:
    """Return as soon as the condition holds; fail with `what` was awaited when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what() if callable(what) else what}"
        time.sleep(0.05)
