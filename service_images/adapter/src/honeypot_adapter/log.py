"""The container's log."""

import sys


def log(message: str) -> None:
    """Write a line to the container's log."""
    sys.stderr.write(f"adapter: {message}\n")
    sys.stderr.flush()
