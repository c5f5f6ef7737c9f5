"""What a poll is answered from beside the database: its report, and what is known outside."""

from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from sensor_wire.v1.poll import Report
from server_app.polling.desired import Surroundings
from server_app.sensors.effective import Environment
from server_app.settings import Settings

MAX_REPORT_BYTES = 256 * 1024


def sound(raw: bytes) -> Report | None:
    """A report without a fault, as nearly all are; None for any other, which is read again to say what is wrong."""
    try:
        return Report.model_validate_json(raw, extra="forbid")
    except ValidationError:
        return None


def outside_of(settings: Settings) -> Surroundings:
    """What desired states take from outside of the database at this moment."""
    path = settings.trust
    return _read(path, path.stat().st_mtime_ns, settings.poll_interval, settings.public_url)


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int, poll_interval: int, public_url: str) -> Surroundings:
    return Surroundings(Environment(poll_interval, public_url), path.read_text(encoding="ascii"))
