"""A running proxy as the tests see it, and what they ask of it."""

import http.client
import os
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from docker.models.containers import Container
from patience import PATIENCE
from proxy_authority import SERVER_NAME, Authority, Pair
from proxy_upstream import Upstream

SERVER_UID = 10001


@dataclass
class Answer:
    """What the proxy answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Proxy:
    """A running proxy: its address, its two upstreams, and its authorities."""

    address: str
    tls: Path
    ours: Authority
    foreign: Authority
    web: Upstream
    registry: Upstream
    container: Container

    def connect(self, pair: Pair | None = None, *, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
        """A TLS connection, with a client certificate or without."""
        context = context or self.context()
        if pair:
            context.load_cert_chain(pair.certificate_file, pair.key_file)
        connection = http.client.HTTPConnection(SERVER_NAME, timeout=PATIENCE)
        plain = socket.create_connection((self.address, 8443), timeout=PATIENCE)
        connection.sock = context.wrap_socket(plain, server_hostname=SERVER_NAME)
        return connection

    def context(self) -> ssl.SSLContext:
        """Trusts our authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.ours.file))

    def ask(
        self,
        method: str,
        path: str,
        *,
        pair: Pair | None = None,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request on a connection of its own; headers as pairs go out in this order and spelling, also twice."""
        connection = self.connect(pair)
        try:
            pairs = list(headers.items()) if isinstance(headers, dict) else headers or []
            connection.putrequest(method, path)
            for name, value in pairs:
                connection.putheader(name, value)
            if body is not None or method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def install(tls: Path, authority: Authority, server: Pair) -> None:
    """Put the certificates where `server-app init` puts them, readable by the server's user only."""
    tls.chmod(0o700)
    os.chown(tls, SERVER_UID, SERVER_UID)
    put(tls, "ca.crt", authority.file.read_bytes())
    put(tls, "server.crt", server.certificate_file.read_bytes())
    put(tls, "server.key", server.key_file.read_bytes())


def install_lists(tls: Path, lists: bytes, until: datetime) -> None:
    """Put lists of revoked certificates there, as the worker does."""
    put(tls, "crl.pem", lists)
    put(tls, "crl.until", f"{int(until.timestamp())}\n".encode())


def put(tls: Path, name: str, content: bytes) -> None:
    """Replace a file of the folder as a whole."""
    fresh = tls / f"{name}.new"
    fresh.write_bytes(content)
    fresh.chmod(0o600)
    os.chown(fresh, SERVER_UID, SERVER_UID)
    fresh.rename(tls / name)


def wait_healthy(container: Container) -> None:
    """Wait for the image's own healthcheck."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        container.reload()
        if container.attrs["State"].get("Health", {}).get("Status") == "healthy":
            return
        if container.status == "exited":
            break
        time.sleep(0.2)
    pytest.fail(f"The proxy is {container.status}, not healthy: {container.logs().decode()[-2000:]}")
