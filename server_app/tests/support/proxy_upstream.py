"""A real HTTP server behind the proxy that remembers what arrived."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

CHUNK = 1 << 20


@dataclass
class Arrived:
    """One request as it came out of the proxy. `headers` keeps names as sent; `peer_port` tells connections apart."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    peer_port: int
    body_bytes: int = 0

    def header(self, name: str) -> list[str]:
        """All values of a header, its name compared as WSGI does: case and `_` against `-` make no difference."""
        wanted = name.lower().replace("_", "-")
        return [value for key, value in self.headers if key.lower().replace("_", "-") == wanted]


@dataclass
class Upstream:
    """Answers 200 with its name, and the question of the registry's access with 204, 401 or `access`.

    `first_chunk` is set when the first part of a body has been read.
    """

    name: str
    address: str
    access: int | None = None
    arrived: list[Arrived] = field(default_factory=list)
    first_chunk: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name: str) -> Callable[[], None]:
                if name.startswith("do_"):  # the base class looks up do_<METHOD>
                    return partial(upstream.answer, self)
                raise AttributeError(name)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((self.address, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """Where it listens, `address:port`."""
        return f"{self.address}:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Read the body in chunks, remember the request, answer."""
        arrived = Arrived(request.command, request.path, list(request.headers.items()), request.client_address[1])
        self.arrived.append(arrived)
        left = int(request.headers.get("Content-Length") or 0)
        while left and (chunk := request.rfile.read(min(left, CHUNK))):
            arrived.body_bytes += len(chunk)
            left -= len(chunk)
            self.first_chunk.set()
        status = 200
        if request.path == "/internal/registry-access":
            status = self.access or (204 if arrived.header("Client-Cert") else 401)
        body = b"" if status == 204 else self.name.encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
