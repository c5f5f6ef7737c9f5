"""What the server has logged, as its own lines of JSON would say it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from structlog.testing import capture_logs


@contextmanager
def refusals() -> Iterator[list[dict[str, Any]]]:
    """The warnings and errors logged meanwhile, in a list that is filled at the end."""
    found: list[dict[str, Any]] = []
    with capture_logs() as lines:
        yield found
    found += [dict(line) for line in lines if line["log_level"] in {"warning", "error"}]
