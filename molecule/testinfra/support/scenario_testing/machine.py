"""Commands of this machine, its engine, and waiting for what they bring about."""

import subprocess
import time
from collections.abc import Callable
from typing import Any

DOCKER = "/usr/bin/docker"
COMMAND_SECONDS = 300
PATIENCE = 300
"""Seconds to wait for what must happen; what a machine with much to do never reaches."""


def run(*command: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; what it printed is in the error when it fails."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=COMMAND_SECONDS, check=False, **options)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def docker(*arguments: str, check: bool = True) -> str:
    """Run a command of this machine's engine; returns what it printed."""
    return run(DOCKER, *arguments, check=check).stdout.strip()


def eventually[T](what: str, probe: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Ask again until the probe gives something true.

    Raises:
        AssertionError: it never did within the time.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; last seen: {found!r}"
        time.sleep(0.1)
