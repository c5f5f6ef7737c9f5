"""The last desired state on disk, so that honeypots go on after a restart while the server is away."""

from pathlib import Path

import structlog
from pydantic import BaseModel, ValidationError

from sensor_manager.files import write_durably
from sensor_manager.server.poll import PollAnswer
from sensor_wire.v1.desired import Desired

log = structlog.get_logger(__name__)


class _Stored(BaseModel):
    etag: str | None
    desired: Desired


def save_desired(path: Path, answer: PollAnswer) -> None:
    """Keep the desired state and its entity tag."""
    write_durably(path, _Stored(etag=answer.etag, desired=answer.desired).model_dump_json())


def load_desired(path: Path) -> PollAnswer | None:
    """Return the kept desired state; None when there is none or it cannot be understood."""
    try:
        stored = _Stored.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        log.warning("the kept desired state cannot be used, asking the server", path=str(path), reason=str(error))
        return None
    return PollAnswer(stored.desired, stored.etag)
