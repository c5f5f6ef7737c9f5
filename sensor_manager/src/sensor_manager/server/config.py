"""The sensor's configuration at first contact."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from sensor_manager.plan.config_formats import parse, unpack
from sensor_manager.plan.legacy_config import LEGACY_NAME, NotUsableError, completed, read_legacy, refusal
from sensor_manager.plan.legacy_dot1x import FILES
from sensor_manager.server import openssl
from sensor_manager.server.errors import ServerError
from sensor_wire.sensor_config import CONFIG_FILE_NAME, SensorConfig

HTTPS_PORT = 443
MAX_FILE = 8 * 1024 * 1024
ARCHIVES = "*.tar.gz"

log = structlog.get_logger(__name__)


class ConfigError(Exception):
    """The configuration cannot be used; the message says why and what to do."""


def load_config(path: Path) -> SensorConfig:
    """Read the sensor's configuration.

    Archives as they were downloaded, and those of HoneySens' own sensors, may lie beside the file or in its place. The
    newest says who the sensor is; how it is connected is taken from an old one where the new one does not say it.

    Args:
        path: where `sensor.json` is or would be.

    Raises:
        ConfigError: it is missing or not a configuration.
    """
    found: dict[str, str] = {}
    files: Mapping[str, str] = {}
    reasons: list[str] = []
    for each in _candidates(path):
        try:
            held = unpack(_content(each))
            if LEGACY_NAME in held and LEGACY_NAME not in found:
                files = held if each.name != LEGACY_NAME else _files_beside(each)
            for name, text in held.items():
                found.setdefault(name, text)
        except (NotUsableError, OSError) as error:
            reasons.append(f"{each}: {error}")
    try:
        if CONFIG_FILE_NAME in found:
            return _with_old_connection(parse(found[CONFIG_FILE_NAME]), found.get(LEGACY_NAME), files)
        if LEGACY_NAME in found:
            raise refusal(read_legacy(found[LEGACY_NAME]))
    except NotUsableError as error:
        reasons.append(str(error))
    why = "; ".join(reasons) or f"there is no {path} and no archive beside it"
    raise ConfigError(f"{why}; download the sensor's configuration from the server and put it there") from None


def registry_of(server_url: str) -> str:
    """Return `host:port` of the server, where the registry is too.

    The port is always said: without one the engine would take a plain name for a repository at a public registry.
    """
    address = urlsplit(server_url)
    return f"{address.hostname}:{address.port or HTTPS_PORT}"


def _candidates(path: Path) -> list[Path]:
    """Return the files to look at: the named one, then archives from the newest on, then an old file by itself."""
    archives = sorted(path.parent.glob(ARCHIVES), key=lambda each: each.stat().st_mtime, reverse=True)
    return [each for each in (path, *archives, path.with_name(LEGACY_NAME)) if each.exists()]


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise NotUsableError(f"it has more than {MAX_FILE} bytes")
    return content


def _files_beside(legacy: Path) -> dict[str, str]:
    there = [legacy.with_name(name) for name in FILES]
    return {each.name: _content(each).decode(errors="replace") for each in there if each.exists()}


def _with_old_connection(config: SensorConfig, legacy: str | None, files: Mapping[str, str]) -> SensorConfig:
    if legacy is None:
        return config
    try:
        old = read_legacy(legacy, files, _open_key)
    except NotUsableError as error:
        log.warning("the old configuration is left out", reason=str(error))
        return config
    log.info("connection taken over from the old configuration", of=old.identity, left_out=old.left_out)
    return completed(config, old)


def _open_key(key: str, password: str) -> str:
    try:
        return openssl.open_key(key, password)
    except ServerError as error:
        raise NotUsableError(str(error)) from error
