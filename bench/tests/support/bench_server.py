"""The server on SQLite in threads of the test's own process, behind TLS."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_front import bench_front
from server_bench import settings_for, start
from werkzeug.serving import WSGIRequestHandler, make_server

from server_app.forwarding.forwarder import Forwarder
from server_app.initialise import initialise


@dataclass(frozen=True)
class RunningServer:
    """Where it is, and how to log in."""

    url: str
    ca_file: Path
    password_file: Path


class _KeepAlive(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def running_server(folder: Path) -> Iterator[RunningServer]:
    """The server, until the end."""
    settings = settings_for(folder, server_names="127.0.0.1")
    initialise(settings)
    bench = start(settings)
    server = make_server("127.0.0.1", 0, bench.app, threaded=True, request_handler=_KeepAlive)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    forwarder = Forwarder(bench.database, settings.data_dir, "127.0.0.1")
    forwarder.start()
    try:
        with bench_front(settings.tls_dir, server.port) as port:
            yield RunningServer(f"https://127.0.0.1:{port}", settings.ca_certificate, settings.admin_password_file)
    finally:
        forwarder.stop()
        server.shutdown()
        thread.join()
        bench.database.close()
