"""Whom the sensor trusts: never others than those that fit the server."""

from collections.abc import Callable
from pathlib import Path

import structlog

from sensor_manager.files import move_durably, write_durably
from sensor_manager.server.client import ServerClient
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_manager.server.identity import check_authorities
from sensor_manager.settings import Settings

log = structlog.get_logger(__name__)


def accept_authorities(chain: str, settings: Settings, connect: Callable[[Path], ServerClient]) -> bool:
    """Trust these authorities (PEM) from now on, if the server is covered by them.

    Args:
        chain: the new ones.
        settings: places of the last ones and the next ones.
        connect: makes a client that trusts those of a file.

    Returns:
        Whether they are others than before.

    Raises:
        ServerError: the server is not covered, or they are none; the last ones stay.
    """
    try:
        check_authorities(chain)
    except ValueError as error:
        raise ServerError(f"the authorities in the desired state are no certificates ({error})") from error
    if settings.authorities.read_text(encoding="utf-8") == chain:
        return False
    # A sensor that trusts the wrong ones is lost, so they are tried first.
    write_durably(settings.next_authorities, chain)
    try:
        with connect(settings.next_authorities) as client:
            identify(client)
    except ServerError as error:
        raise ServerError(f"the new authorities do not fit the server, the last ones stay: {error}") from error
    move_durably(settings.next_authorities, settings.authorities)
    log.info("new authorities")
    return True
