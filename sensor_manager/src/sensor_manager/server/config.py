"""The sensor's configuration at first contact."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from sensor_wire.sensor_config import SensorConfig

HTTPS_PORT = 443


class ConfigError(Exception):
    """The configuration file cannot be used; the message says why and what to do."""


def load_config(path: Path) -> SensorConfig:
    """Read the sensor's configuration.

    Raises:
        ConfigError: it is missing or not a configuration.
    """
    try:
        return SensorConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{error}; download the sensor's configuration from the server and put it there") from error
    except ValidationError as error:
        wrong = sorted({"/".join(str(part) for part in each["loc"]) for each in error.errors(include_input=False)})
        raise ConfigError(
            f"{path} is no sensor configuration (wrong: {', '.join(wrong)}); download it again"
        ) from error


def registry_of(config: SensorConfig) -> str:
    """Return `host:port` of the server, where the registry is too.

    The port is always said: without one the engine would take a plain name for a repository at a public registry.
    """
    address = urlsplit(config.server_url)
    return f"{address.hostname}:{address.port or HTTPS_PORT}"
