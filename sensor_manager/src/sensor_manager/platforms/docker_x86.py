"""The sensor as a container on an x86 host, with a container engine of its own inside."""

import structlog

from sensor_manager.effects.engine_proxy import set_engine_proxy
from sensor_manager.platforms.base import LinuxHost
from sensor_manager.settings import Settings
from sensor_wire.v1.architecture import Architecture

RESTART = ("s6-svc", "-r", "/run/s6/dockerd")
"""The engine is one of the container's services; honeypots live on (live-restore)."""

log = structlog.get_logger(__name__)


class DockerX86(LinuxHost):
    """Memory and uptime are the host's, which all containers share."""

    name = "docker_x86"
    architecture = Architecture.AMD64

    def use_proxy(self, settings: Settings, url: str | None) -> None:
        """Restart the engine if it has another one."""
        if set_engine_proxy(settings.engine_environment, url, RESTART):
            log.info("the engine was restarted for another proxy", proxy=url is not None)
