"""The real commands as processes of their own, and one who calls them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import requests
from command_process import CommandProcess
from patience import PATIENCE
from server_bench import PASSWORD

COMMAND = [sys.executable, "-c", "from server_app.cli import main; main()"]


class Server:
    """Folders, environment, and the processes started on them.

    Args:
        folder: where all of its own goes.
        registry_url: of the images.
        database_url: empty for SQLite below the folder.
        initialised: what `init` has made and belongs to that database; nothing has been done yet without it.
    """

    def __init__(
        self, folder: Path, registry_url: str, database_url: str = "", initialised: Path | None = None
    ) -> None:
        for name in ("data", "ca", "tls"):
            if initialised is None:
                (folder / name).mkdir()
            else:
                copytree(initialised / name, folder / name, ignore=ignore_patterns("server.db"))
        (folder / "password").write_text(PASSWORD)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.folder = folder
        self.environment = os.environ | {
            "HS_DATA_DIR": f"{folder}/data",
            "HS_CA_DIR": f"{folder}/ca",
            "HS_TLS_DIR": f"{folder}/tls",
            "HS_ADMIN_PASSWORD_FILE": f"{folder}/password",
            "HS_PUBLIC_URL": "https://server.example.com",
            "HS_REGISTRY_URL": registry_url,
            "HS_TRUSTED_TLS_PROXY": "127.0.0.1,192.0.2.0/24",
            "HS_LISTEN": self.address,
        }
        if database_url:
            self.environment["HS_DATABASE_URL"] = database_url
        self.started: list[CommandProcess] = []
        self.session = requests.Session()

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        words = [*COMMAND, command]
        return subprocess.run(
            words, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def start(self, command: str) -> CommandProcess:
        process = CommandProcess(command, self.environment, self.folder / f"{command}.log")
        self.started.append(process)
        return process

    def log(self, command: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / f"{command}.log").read_text().splitlines()]

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"http://{self.address}/api{path}", timeout=PATIENCE, **options)

    def end(self) -> None:
        """Kill all that is left."""
        for process in self.started:
            process.kill()
            process.wait()

    def log_in(self) -> None:
        answer = self.call("POST", "/sessions", json={"username": "admin", "password": PASSWORD})
        assert answer.ok, answer.text
        # The cookie is for HTTPS only; the proxy that makes it so is not part of this test.
        self.session.headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
        self.session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    def answers(self) -> bool:
        try:
            return self.call("GET", "/system/identify").text == "HoneySens"
        except requests.ConnectionError:
            return False


def eventually(probe: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {PATIENCE} s"
        time.sleep(0.05)
    return found


def ended(server: Server, task: int) -> dict[str, Any]:
    """The task when it has ended."""

    def probe() -> dict[str, Any] | None:
        found: dict[str, Any] = server.call("GET", f"/tasks/{task}").json()
        return found if found["state"] in {"done", "failed", "cancelled"} else None

    found: dict[str, Any] = eventually(probe)
    return found


def enrolled_by(server: Server, request: dict[str, str]) -> dict[str, str]:
    """The answer to an enrolment, asked for again as long as the worker has no time for it."""

    def probe() -> dict[str, str] | None:
        answer = server.call("POST", "/sensors/enrol", json=request)
        assert answer.status_code in {200, 503}, answer.text
        found: dict[str, str] | None = answer.json() if answer.ok else None
        return found

    found: dict[str, str] = eventually(probe)
    return found
