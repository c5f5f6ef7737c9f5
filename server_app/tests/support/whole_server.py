"""The server with its door: nginx as it is built for operators, before the real processes on any database."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import requests
from docker.models.containers import Container
from patience import PATIENCE
from proxy_bench import put
from server_process import Server, eventually

IMAGE = "honeysens/proxy:latest"
PORT = 8000
SHOWN = ("server.key", "server.crt", "crl.pem", "crl.until", "ca.crt")
"""What the door reads of the TLS folder; it begins when the last of them is there."""


@dataclass(frozen=True)
class WholeServer:
    """Where it is, and what it is made of."""

    url: str
    server: Server
    proxy: Container

    @property
    def authorities(self) -> Path:
        """Whom sensors trust."""
        return self.server.folder / "tls" / "trust.crt"

    def answers(self) -> bool:
        """Whether its door is open, too."""
        try:
            return requests.get(f"{self.url}/api/system/identify", verify=str(self.authorities), timeout=PATIENCE).ok
        except requests.ConnectionError:
            return False

    def workers(self) -> set[str]:
        """The processes that answer requests."""
        master = self.server.started[0].pid
        return set(Path(f"/proc/{master}/task/{master}/children").read_text().split())


@contextmanager
def whole_server(folder: Path, database_url: str) -> Iterator[WholeServer]:
    """Run it for the length of a block."""
    shown = folder / "shown"
    shown.mkdir()
    engine = docker.from_env()
    network = engine.networks.create(f"honeysens-test-{uuid.uuid4().hex[:8]}", driver="bridge")
    network.reload()
    gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
    server = Server(folder, "http://127.0.0.1:1", database_url)
    server.address = f"{gateway}:{PORT}"
    container: Container | None = None
    try:
        container = engine.containers.run(
            IMAGE,
            detach=True,
            network=network.name,
            read_only=True,
            cap_drop=["ALL"],
            tmpfs={"/tmp": "size=128m,mode=1777"},  # noqa: S108 - the container's own
            mem_limit="256m",
            environment={"HS_WEB_ADDRESS": server.address, "HS_REGISTRY_ADDRESS": "127.0.0.1:1"},
            volumes={str(shown): {"bind": "/tls", "mode": "ro"}},
        )
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"]
        server.environment |= {
            "HS_LISTEN": server.address,
            "HS_SERVER_NAMES": address,
            "HS_TRUSTED_TLS_PROXY": address,
            "HS_LOG_LEVEL": "warning",
        }
        done = server.run("init")
        assert done.returncode == 0, done.stdout + done.stderr
        for name in SHOWN:
            put(shown, name, (folder / "tls" / name).read_bytes())
        server.start("web")
        server.start("worker")
        eventually(server.answers)
        site = WholeServer(f"https://{address}:8443", server, container)
        eventually(site.answers)
        yield site
    finally:
        server.end()
        if container is not None:
            container.remove(force=True)
        network.remove()
