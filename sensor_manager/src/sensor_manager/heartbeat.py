"""The daemon's sign of life, read by the container's health check."""

import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

MAX_AGE = 60.0
"""Seconds without progress after which the daemon counts as stuck."""


class Heartbeat(BaseModel):
    """Times of CLOCK_MONOTONIC, the same for all processes of the machine; `error` is that of the last cycle."""

    cycle_at: Annotated[float, Field(ge=0)]
    progress_at: Annotated[float, Field(ge=0)]
    error: str | None = None


def write_heartbeat(path: Path, beat: Heartbeat) -> None:
    """Write the sign of life; not fsynced, for it means nothing after a reboot.

    Raises:
        OSError: there is no room, and no older one whose room would do.
    """
    temporary, content = path.with_suffix(".new"), beat.model_dump_json().encode()
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        with path.open("r+b", buffering=0) as file:
            file.write(content.ljust(path.stat().st_size))


def complaint(path: Path) -> str | None:
    """Return why the daemon is not healthy, or None when its loop has made progress lately."""
    try:
        beat = Heartbeat.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"no heartbeat at {path}: the manager has not finished its first cycle, see its log"
    except (ValidationError, OSError) as error:
        return f"the heartbeat at {path} cannot be read: {error}"
    now = time.monotonic()
    if now - beat.cycle_at > MAX_AGE:
        return f"the loop has stood still for {now - beat.cycle_at:.0f} s; see the manager's log"
    if now - beat.progress_at > MAX_AGE:
        return f"no cycle has succeeded for {now - beat.progress_at:.0f} s: {beat.error or 'see the log'}"
    return None
