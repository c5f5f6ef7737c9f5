"""What may lie between a sensor and its server: TLS in front of a real server, with all faults a line can have."""

import contextlib
import random
import socket
import ssl
import struct
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_support.authority import Authority

STATUSES = (500, 502, 503, 429, 401, 403, 400, 413)
FAULTS = (
    *("reset before the body", "reset within the body", "reset after the commit", "answer cut off", "trickle"),
    *("sent four times at once", "sent again later", "nothing comes back", "never answers", "not our page"),
    *(f"status {status}" for status in STATUSES),
)
SLOW = ("never answers", "nothing comes back", "sent again later")
WITHOUT_ANSWER = {"never answers": 1.5, "nothing comes back": 1.5, "reset after the commit": 0.0}
"""Faults after which nothing comes, and for how many seconds the connection stays open; a sensor waits for one."""
OURS = (401, 403, 500)
"""Statuses that come as the server's own problem documents; the others as something between would send them."""
UPLOAD = "/api/events"
FAULT = 500

type Answer = tuple[int, str, bytes]


class BadLine:
    """Passes requests on, and lets uploads meet each fault a few times.

    Attributes:
        met: how often each fault has come.
        repeated: how many events the server had already when they were sent.
        unavailable: the server's own answers that it has a fault: status, media type, Retry-After and content.
        authority: who signed the certificate it shows.

    Args:
        folder: for its certificate.
        server: host and port of the server, which speaks plain HTTP.
        rounds: how often each fault comes; those that take long come once.
        address: where it listens.
        namespace: path of the network namespace in which it listens; None for the test's own.
    """

    def __init__(
        self, folder: Path, server: str, rounds: int, address: str = "127.0.0.1", namespace: str | None = None
    ) -> None:
        self.authority = Authority()
        self._address = address
        self._namespace = namespace
        self.met: Counter[str] = Counter()
        self.repeated = 0
        self.unavailable: list[tuple[int, str, str | None, bytes]] = []
        self.server = server
        self._lock = threading.Lock()
        self._chance = random.Random(4)
        self._coming = [fault for fault in FAULTS for _ in range(1 if fault in SLOW else rounds)]
        self._chance.shuffle(self._coming)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.server_files(folder, address))
        context.verify_mode = ssl.CERT_OPTIONAL
        self._context = context
        self._http: ThreadingHTTPServer | None = None
        self.closed = threading.Event()

    @contextlib.contextmanager
    def open(self, sensors: str) -> Iterator[str]:
        """Listen, for sensors with a certificate of these authorities (PEM); gives the URL."""
        self._context.load_verify_locations(cadata=sensors)
        self._http = self._listening()
        self._http.socket = self._context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"https://{self._address}:{self._http.server_port}"
        self.closed.set()
        self._http.shutdown()
        self._http.server_close()

    def _listening(self) -> "_Quiet":
        def make() -> _Quiet:
            return _Quiet((self._address, 0), _handler(self))

        return make() if self._namespace is None else in_network_namespace(self._namespace, make)

    @property
    def done(self) -> bool:
        """Whether every fault has come as often as it shall."""
        return not self._coming

    def next_fault(self) -> str:
        """Return the fault of the coming upload; often there is none."""
        with self._lock:
            if not self._coming or self._chance.random() < 0.4:
                return ""
            fault = self._coming.pop()
            self.met[fault] += 1
            return fault

    def pass_on(self, method: str, path: str, body: bytes, certificate: bytes | None) -> Answer:
        """Ask the server."""
        headers = {"Content-Type": "application/json"}
        if certificate:
            headers["Client-Cert"] = f":{b64encode(certificate).decode()}:"
        connection = HTTPConnection(self.server, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            self._note(answer, content)
            return answer.status, answer.headers.get("Content-Type", ""), content
        except (OSError, HTTPException):
            return 502, "application/problem+json", b"{}"
        finally:
            connection.close()

    def _note(self, answer: HTTPResponse, content: bytes) -> None:
        said = answer.status, answer.headers.get("Content-Type", ""), answer.headers.get("Retry-After"), content
        with self._lock:
            self.repeated += content.count(b'"duplicate"')
            self.unavailable += [said] if answer.status >= FAULT else []


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that are broken on purpose."""


def _handler(line: BadLine) -> type[BaseHTTPRequestHandler]:
    class Handler(_Uploads):
        def do_POST(self) -> None:
            fault = line.next_fault() if self.path == UPLOAD else ""
            length = int(self.headers["Content-Length"])
            if fault in {"reset before the body", "reset within the body"}:
                self.rfile.read(length // 2 if "within" in fault else 0)
                self.reset()
                return
            body = self.rfile.read(length)
            certificate = self.connection.getpeercert(binary_form=True)

            def ask() -> Answer:
                return line.pass_on("POST", self.path, body, certificate)

            if fault.startswith("status"):
                self.answer(_status(int(fault.split()[1])))
            elif fault in WITHOUT_ANSWER:
                if fault != "never answers":
                    ask()
                line.closed.wait(WITHOUT_ANSWER[fault])
                self.reset()
            else:
                self.answer_badly(fault, ask)

    return Handler


def _status(status: int) -> Answer:
    return status, "application/problem+json" if status in OURS else "text/html", b"{}"


class _Uploads(BaseHTTPRequestHandler):
    """Ways to answer."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output clean."""

    def answer_badly(self, fault: str, ask: Callable[[], Answer]) -> None:
        """Ask the server and answer, but not as one should."""
        if fault == "not our page":
            self.answer((200, "text/html", b"<h1>Your proxy greets you</h1>"))
        elif fault == "sent four times at once":
            with ThreadPoolExecutor(4) as pool:
                self.answer([each.result() for each in [pool.submit(ask) for _ in range(4)]][-1])
        elif fault == "answer cut off":
            self.answer(ask(), share=0.5)
            self.reset()
        else:
            self.answer(ask(), trickle=fault == "trickle")
            if fault == "sent again later":
                time.sleep(0.3)
                ask()

    def answer(self, answer: Answer, *, share: float = 1, trickle: bool = False) -> None:
        """Answer with so large a part of the content, perhaps slowly."""
        status, kind, content = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        size = 1000 if trickle else len(content) or 1
        for position in range(0, int(share * len(content)), size):
            self.wfile.write(content[position : min(position + size, int(share * len(content)))])
            time.sleep(0.002 if trickle else 0)

    def reset(self) -> None:
        """Break the connection so that the other side hears of it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
