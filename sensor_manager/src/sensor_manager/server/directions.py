"""Where the server is just now, and how to get there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sensor_manager.plan.proxy import ProxyPlace
from sensor_manager.server.client import ServerClient, Way
from sensor_manager.server.clock import ServerClock
from sensor_wire.sensor_config import SensorConfig


@dataclass(frozen=True, slots=True)
class Directions:
    """Where the server is by the configuration or by what came after it, and through which proxy.

    `proxy` raises `ServerError` when what it takes to use the proxy does not work.
    """

    url: Callable[[SensorConfig], str]
    proxy: Callable[[], ProxyPlace | None] = lambda: None

    def client(
        self, config: SensorConfig, clock: ServerClock, authorities: Path, credentials: tuple[Path, Path] | None
    ) -> ServerClient:
        """Return a client that goes that way.

        Args:
            config: says where the server is.
            clock: judges the server's certificate and learns from its answers.
            authorities: file with whom to trust.
            credentials: files of certificate and key, if they are to be shown.
        """
        return ServerClient(self.url(config), authorities, credentials, way=Way(clock, self.proxy()))
