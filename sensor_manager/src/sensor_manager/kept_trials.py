"""Trials as they are kept over restarts, and connections as they may stand in a log."""

from pathlib import Path

import structlog
from pydantic import ValidationError

from sensor_manager.plan.link import NetworkAction, StartSupplicant
from sensor_manager.plan.trial import Trials
from sensor_manager.plan.way import Connection

log = structlog.get_logger(__name__)


def named(action: NetworkAction) -> str:
    """What may stand in a log: what the supplicant is given may not."""
    return "start supplicant" if isinstance(action, StartSupplicant) else repr(action)


def described(connection: Connection) -> dict[str, str | None]:
    """What may stand in a log: passwords and keys may not."""
    return {
        "network": connection.network.model_dump_json(exclude={"dot1x"}) if connection.network else None,
        "server": f"{connection.server.host}:{connection.server.port}" if connection.server else None,
        "proxy": f"{connection.proxy.host}:{connection.proxy.port}" if connection.proxy else None,
    }


def load_trials(kept: Path) -> Trials:
    """Return what was kept; a file that cannot be used is as good as none."""
    try:
        return Trials.model_validate_json(kept.read_bytes())
    except FileNotFoundError:
        return Trials()
    except (OSError, ValidationError) as error:
        log.warning("the kept connection cannot be used, starting as the machine is", reason=type(error).__name__)
        return Trials()
