"""The event path of the manager as a process that can be killed: collector, spool, uploader; run as a module.

Arguments: the folder with `ca.crt`, `sensor.crt` and `sensor.key`, where spool and sockets go too; the server's URL.
"""

import os
import signal
import sys
from pathlib import Path
from socket import socket

import structlog

from sensor_manager.log import configure_logging
from sensor_manager.plan.destination import Exposure
from sensor_manager.server import client as client_module
from sensor_manager.server.client import ServerClient
from sensor_manager.spool import uploader as uploader_module
from sensor_manager.spool.collector import Collector
from sensor_manager.spool.dialogue import CaptureUnavailableError, Dialogue
from sensor_manager.spool.store import SpoolStore
from sensor_manager.spool.uploader import Uploader
from sensor_wire.honeypot.socket import CaptureRequest

SERVICE = "cowrie"


def no_capture(service: str, _request: CaptureRequest) -> list[socket]:
    """Refuse."""
    raise CaptureUnavailableError(f"{service} is no catch-all service", temporary=False)


def main(folder: Path, url: str) -> None:
    """Run until killed."""
    configure_logging()
    structlog.get_logger().info("started", pid=os.getpid())
    uploader_module.FIRST_DELAY, uploader_module.MAX_DELAY = 0.02, 0.2
    client_module.CONNECT_TIMEOUT = 0.5
    files = folder / "sensor.crt", folder / "sensor.key"
    store = SpoolStore(folder / "spool.db", on_append=lambda: uploader.wake())  # noqa: PLW0108 - made in the next line
    uploader = Uploader(store, lambda: ServerClient(url, folder / "ca.crt", files, read_timeout=1.0))
    collector = Collector(
        folder / "services", os.getuid(), lambda service: Dialogue(service, store, Exposure, no_capture), str
    )
    collector.serve([SERVICE])
    uploader.start()
    signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
