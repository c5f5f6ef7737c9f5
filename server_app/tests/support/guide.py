"""The commands of a manual, run in their order by a shell against the real server behind TLS."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patience import PATIENCE
from server_bench import PASSWORD
from server_process import Server, eventually
from tls_front import tls_front

ROOT = Path(__file__).parents[3]
API_GUIDE = ROOT / "docs" / "api.md"
SENSORS = ROOT / "docs" / "sensors.md"
OPERATING = ROOT / "docs" / "operating"


def shell_blocks(manual: Path) -> list[str]:
    """The blocks of a manual that are a shell's."""
    return re.findall(r"^```sh\n(.*?)^```$", manual.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@contextmanager
def running_server(folder: Path, registry_url: str) -> Iterator[Server]:
    """A new server that is called as the manuals call theirs."""
    server = Server(folder, registry_url)
    server.environment["HS_PUBLIC_URL"] = "https://server.example.com:8443"
    try:
        assert server.run("init").returncode == 0
        server.start("web")
        server.start("worker")
        eventually(server.answers)
        yield server
    finally:
        server.end()


def run(server: Server, place: Path, commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the commands in a folder, which gets what an administrator has; none of them may fail."""
    with tls_front(server.folder / "tls", server.address) as port:
        (place / ".curlrc").write_text(f'connect-to = "server.example.com:8443:127.0.0.1:{port}"\n')
        (place / "server-ca.crt").write_bytes((server.folder / "tls" / "ca.crt").read_bytes())
        (place / "admin_password").write_text(PASSWORD + "\n")
        done = subprocess.run(
            ["bash", "-x", "-c", "\n".join(["set -euo pipefail", *commands])],
            cwd=place,
            env=server.environment | {"CURL_HOME": str(place), "HOME": str(place)},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
