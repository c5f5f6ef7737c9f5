"""What the running manager leaves for `sensor-manager status` and `plan`."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from sensor_manager.model import Attempts
from sensor_manager.settings import Settings
from sensor_wire.v1.poll import Report

SETTINGS_NAME = "settings.json"

_SETTINGS = TypeAdapter(Settings)


class Status(BaseModel):
    """The state of the manager at its last cycle; `answered_at` is monotonic like `written_at`."""

    model_config = ConfigDict(frozen=True)

    sensor: str
    server: str
    written_at: float
    answered_at: float | None
    refusal: str | None
    wanted_generation: int
    report: Report
    attempts: dict[str, Attempts]
    netfilter_error: str | None


class NotRunningError(Exception):
    """The manager has left nothing; the message says what to do."""


def write_status(path: Path, status: Status) -> None:
    """Replace what the last cycle left; it means nothing after a reboot."""
    _replace(path, status.model_dump_json())


def read_status(path: Path) -> Status | None:
    """Return what the last cycle left; None when there is nothing usable."""
    try:
        return Status.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write_settings(settings: Settings) -> None:
    """Leave the command line's choices to those who come to look."""
    _replace(settings.runtime / SETTINGS_NAME, _SETTINGS.dump_json(settings).decode())


def read_settings(runtime: Path) -> Settings:
    """Return the running manager's settings.

    Raises:
        NotRunningError: none has ever run since the machine started.
    """
    try:
        return _SETTINGS.validate_json((runtime / SETTINGS_NAME).read_bytes())
    except (OSError, ValidationError) as error:
        raise NotRunningError(
            f"no manager has run with {runtime} ({error}); start it, or name its --runtime"
        ) from error


def _replace(path: Path, content: str) -> None:
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
