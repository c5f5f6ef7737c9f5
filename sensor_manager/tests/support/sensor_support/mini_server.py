"""A small server over real TLS that speaks the contract, remembers what it got, and misbehaves on request."""

import contextlib
import json
import ssl
import threading
import time
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from sensor_manager.server.tls import NO_CHECK_TIME
from sensor_support.authority import DAY, Authority
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.enrolment import EnrolmentRequest, RenewalRequest, renewal_statement
from sensor_wire.v1.poll import Report

type Answer = tuple[int, str, bytes]
"""Status, media type and body."""
TOKEN = "t" * 32


class _QuietServer(ThreadingHTTPServer):
    """Keeps broken connections, which tests make on purpose, out of their output."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class MiniServer:
    """One sensor's server.

    Args:
        folder: for its certificate.
        address: where it listens.
        port: where it listens; 0 for any.
        ahead: by how much its clock is ahead of this machine's: all the same as a sensor whose clock is behind.

    Attributes:
        desired: what polls are answered with.
        reports: the polls' bodies.
        events: stored events by id.
        copies: how often each event was sent.
        faults: one for each coming upload: an HTTP status, or one of "hang", "partial", "garbage", "page".
        poison: events that spoil their whole batch.
        breaking: events at which the server fails.
        most_items: batches with more events meet a proxy's limit.
        tokens: enrolment tokens that are not used up.
        life: from when to when, seen from now, the certificates of enrolments hold.
        renewals: what was asked for; each is answered with a certificate of 90 days, or with `renewal_fault`.
        refused: certificates (PEM) that polls and renewals refuse.
        blobs: registry content by digest: media type and bytes.
    """

    def __init__(
        self,
        folder: Path,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        ahead: timedelta = timedelta(),
        authority: Authority | None = None,
    ) -> None:
        self.ahead = ahead
        self.authority = authority or Authority()
        self.blobs: dict[str, tuple[str, bytes]] = {}
        self.hang = threading.Event()
        self.forget()
        self.folder = folder
        context = self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certify(address, start=ahead - DAY, end=ahead + 90 * DAY)
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | NO_CHECK_TIME)
        context.load_verify_locations(cadata=self.authority.chain)
        context.verify_mode = ssl.CERT_OPTIONAL
        self._http = _QuietServer((address, port), self._handler())
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.address = f"{address}:{self._http.server_port}"
        self.url = f"https://{self.address}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def config(self, token: str = TOKEN) -> SensorConfig:
        """What a sensor is told to find this server, with a token that ends in an hour."""
        return SensorConfig(
            sensor_id=7,
            sensor_name="test",
            server_url=self.url,
            ca_chain=self.authority.chain,
            token=token,
            token_expires=datetime.now(UTC) + timedelta(hours=1),
        )

    def certify(self, address: str, *, start: timedelta, end: timedelta) -> None:
        """Show a certificate that holds for a time from now."""
        self._context.load_cert_chain(*self.authority.server_files(self.folder, address, start=start, end=end))

    def forget(self) -> None:
        """Be a new server with the same certificate and registry."""
        self.desired: Desired | None = None
        self.reports: list[Report] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.copies: dict[str, int] = {}
        self.faults: deque[int | str] = deque()
        self.poison: set[str] = set()
        self.breaking: set[str] = set()
        self.most_items = 200
        self.tokens = {TOKEN}
        self.life = (self.ahead - DAY, self.ahead + 90 * DAY)
        self.renewals: list[RenewalRequest] = []
        self.renewal_fault: int | None = None
        self.refused: set[str] = set()
        self.available = True

    def close(self) -> None:
        """End it, hanging requests included."""
        self.hang.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str, body: bytes, certificate: bytes | None, etag: str | None) -> Answer:
        """Answer one request with status, media type and body; `certificate` is the client's as DER."""
        shown = ssl.DER_cert_to_PEM_cert(certificate) if certificate else ""
        if not self.available:
            return 503, "text/html", b"<h1>away</h1>"
        if path == "/api/system/identify":
            return 200, "text/plain", b"HoneySens"
        if path in {"/api/sensors/enrol", "/api/sensors/certificate"}:
            return self._enrol(body) if path.endswith("enrol") else self._renew(body)
        if not certificate:
            return 401, "application/json", b"{}"
        if path == "/api/sensors/status":
            return self._poll(body, etag) if shown not in self.refused else (403, "application/json", b"{}")
        return self._events(json.loads(body)["events"]) if path == "/api/events" else self._registry(path)

    def _enrol(self, body: bytes) -> Answer:
        request = EnrolmentRequest.parse_strict(json.loads(body))
        if request.token not in self.tokens:
            return 403, "application/json", b"{}"
        self.tokens.remove(request.token)
        start, end = self.life
        certificate = self.authority.sign_sensor(request.csr, 7, start=start, end=end)
        return self._certified(certificate)

    def _renew(self, body: bytes) -> Answer:
        request = RenewalRequest.parse_strict(json.loads(body))
        old = x509.load_pem_x509_certificate(request.certificate.encode()).public_key()
        assert isinstance(old, ec.EllipticCurvePublicKey)
        statement = renewal_statement(request.certificate, request.csr)
        old.verify(b64decode(request.proof), statement, ec.ECDSA(hashes.SHA256()))
        self.renewals.append(request)
        if request.certificate in self.refused:
            return 403, "application/problem+json", b"{}"
        if self.renewal_fault is not None:
            return self.renewal_fault, "application/problem+json", b"{}"
        return self._certified(self.authority.sign_sensor(request.csr, 7))

    def _certified(self, certificate: str) -> Answer:
        answer = {"sensor_id": 7, "certificate": certificate, "ca_chain": self.authority.chain}
        return 200, "application/json", json.dumps(answer).encode()

    def _poll(self, body: bytes, etag: str | None) -> Answer:
        self.reports.append(Report.parse_strict(json.loads(body)))
        if self.desired is None:
            return 503, "application/json", b"{}"
        if etag == self.etag:
            return 204, "application/json", b""
        return 200, "application/json", self.desired.model_dump_json().encode()

    @property
    def etag(self) -> str:
        """The entity tag of the desired state."""
        return f'"{self.desired.generation if self.desired else 0}"'

    def _events(self, items: list[dict[str, Any]]) -> Answer:
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, int):
            return fault, "application/problem+json", b"{}"
        if fault == "hang":
            self.hang.wait()
        if fault == "garbage":
            return 200, "text/html", b"<html>a proxy's page</html>"
        if fault == "page" or len(items) > self.most_items:
            return 400 if fault else 413, "text/html", b"<html>a proxy's page</html>"
        for bad, status in ((self.breaking, 500), (self.poison, 400)):
            if any(item["id"] in bad for item in items):
                return status, "application/problem+json", b"{}"
        results = [self._store(index, item) for index, item in enumerate(items)]
        if fault == "partial":
            results = results[: len(results) // 2]
        return 200, "application/json", json.dumps({"results": results}).encode()

    def _store(self, index: int, item: dict[str, Any]) -> dict[str, Any]:
        identifier = item["id"]
        self.copies[identifier] = self.copies.get(identifier, 0) + 1
        if item["summary"] == "reject me":
            return {"index": index, "id": identifier, "status": "rejected", "reason": "as asked"}
        status = "duplicate" if identifier in self.events else "stored"
        self.events[identifier] = item
        return {"index": index, "id": identifier, "status": status}

    def _registry(self, path: str) -> Answer:
        if path == "/v2/":
            return 200, "application/json", b"{}"
        found = self.blobs.get(path.rpartition("/")[2])
        return (200, *found) if found else (404, "application/json", b'{"errors":[]}')

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Keep the tests' output clean."""

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string((timestamp or time.time()) + server.ahead.total_seconds())

            def do_GET(self) -> None:
                self._respond()

            def do_HEAD(self) -> None:
                self._respond()

            def do_POST(self) -> None:
                self._respond()

            def _respond(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                certificate = self.connection.getpeercert(binary_form=True)
                status, kind, content = server.answer(self.path, body, certificate, self.headers.get("If-None-Match"))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("ETag", server.etag)
                self.send_header("Content-Length", str(len(content)))
                if self.path.startswith("/v2/") and self.path != "/v2/":
                    self.send_header("Docker-Content-Digest", self.path.rpartition("/")[2])
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

        return Handler


@contextlib.contextmanager
def mini_server(
    folder: Path, address: str = "127.0.0.1", port: int = 0, *, ahead: timedelta = timedelta()
) -> Iterator[MiniServer]:
    """Run a server for the length of a block."""
    server = MiniServer(folder, address, port, ahead=ahead)
    try:
        yield server
    finally:
        server.close()
