"""The real commands as processes of their own: init, web behind a socket, worker behind the queue."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from server_bench import PASSWORD, certificate_request, header_of, token_of
from service_builder import service_archive

from server_app.pki import authority

COMMAND = [sys.executable, "-c", "from server_app.cli import main; main()"]
SECONDS = 60


class Server:
    """Folders, environment, and the processes started on them."""

    def __init__(self, folder: Path, registry_url: str) -> None:
        for name in ("data", "ca", "tls"):
            (folder / name).mkdir()
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
        self.started: list[subprocess.Popen[bytes]] = []
        self.session = requests.Session()

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        words = [*COMMAND, command]
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False, timeout=SECONDS)

    def start(self, command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command}.log").open("ab") as log:
            process = subprocess.Popen([*COMMAND, command], env=self.environment, stdout=log, stderr=log)
        self.started.append(process)
        return process

    def log(self, command: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / f"{command}.log").read_text().splitlines()]

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"http://{self.address}/api{path}", timeout=SECONDS, **options)

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
    deadline = time.monotonic() + SECONDS
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {SECONDS} s"
        time.sleep(0.05)
    return found


@pytest.fixture
def server(tmp_path: Path, registry_url: str) -> Iterator[Server]:
    server = Server(tmp_path, registry_url)
    yield server
    for process in server.started:
        process.kill()
        process.wait()


def test_a_command_without_its_environment_says_what_is_missing(server: Server) -> None:
    del server.environment["HS_PUBLIC_URL"]
    done = server.run("init")
    assert done.returncode == 1
    assert "HS_PUBLIC_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["web", "worker"])
def test_without_init_nothing_starts(server: Server, command: str) -> None:
    done = server.run(command)
    assert done.returncode == 1
    assert "server-app init" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sensor_enrols_and_a_service_arrives_through_real_processes(server: Server) -> None:
    done = server.run("init")
    assert done.returncode == 0, done.stdout + done.stderr
    server.start("web")
    server.start("worker")
    eventually(server.answers)
    server.log_in()

    sensor = server.call("POST", "/sensors", json={"name": "one", "division": 1}).json()["id"]
    token = token_of(server.call("POST", f"/sensors/{sensor}/config").content)
    key = authority.new_key()
    begin = time.monotonic()
    enrolled = server.call("POST", "/sensors/enrol", json={"token": token, "csr": certificate_request(key)})
    assert enrolled.ok, enrolled.text
    assert time.monotonic() - begin < 10, "the web process notices that the worker is done"
    header = {"Client-Cert": header_of(x509.load_pem_x509_certificate(enrolled.json()["certificate"].encode()))}
    assert server.call("POST", "/events", json={"events": []}, headers=header).ok
    refused = server.call("POST", "/events", json={"events": []}, headers={"Client_Cert": header["Client-Cert"]})
    assert refused.status_code == 401

    task = server.call("POST", "/services", data=service_archive(repository="processes/cowrie")).json()["task"]
    assert ended(server, task)["state"] == "done"

    as_chunks = server.call("POST", "/events", data=iter([b"x" * 1024 * 1024] * 5), headers=header)
    assert as_chunks.status_code == 413
    lines = [line for line in server.log("web") if line.get("path") == "/api/events" and line["status"] == 413]
    assert len(lines) == 1


def test_a_worker_killed_in_the_middle_leaves_a_failed_task_and_no_file(server: Server) -> None:
    assert server.run("init").returncode == 0
    server.start("web")
    eventually(server.answers)
    server.log_in()
    server.environment["PATH"] = f"{slow_skopeo(server.folder)}:{server.environment['PATH']}"
    worker = server.start("worker")
    task = server.call("POST", "/services", data=service_archive(repository="killed/cowrie")).json()["task"]
    eventually((server.folder / "pushing").exists)
    assert server.call("GET", f"/tasks/{task}").json()["state"] == "running"
    assert list((server.folder / "data" / "uploads").iterdir())

    worker.send_signal(signal.SIGKILL)
    worker.wait()
    os.kill(int((server.folder / "pushing").read_text()), signal.SIGKILL)
    server.environment["PATH"] = server.environment["PATH"].partition(":")[2]
    server.start("worker")

    ended_task = ended(server, task)
    assert ended_task["state"] == "failed"
    assert "stopped in the middle" in ended_task["reason"]
    eventually(lambda: not list((server.folder / "data" / "uploads").iterdir()))
    assert server.call("GET", "/services").json()["items"] == []


def test_the_worker_ends_when_it_is_asked_to(server: Server) -> None:
    assert server.run("init").returncode == 0
    worker = server.start("worker")
    eventually((server.folder / "data" / "uploads").exists)
    worker.terminate()
    worker.wait(SECONDS)


def slow_skopeo(folder: Path) -> Path:
    """A folder with a skopeo that answers look-ups as the real one, and never ends a push."""
    tools = folder / "tools"
    tools.mkdir()
    script = tools / "skopeo"
    real = subprocess.run(["which", "skopeo"], capture_output=True, text=True, check=True).stdout.strip()
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *" copy "*) echo $$ >{folder}/pushing.new; mv {folder}/pushing.new {folder}/pushing;'
        f' exec sleep 600;; esac\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    return tools


def ended(server: Server, task: int) -> dict[str, Any]:
    def probe() -> dict[str, Any] | None:
        found: dict[str, Any] = server.call("GET", f"/tasks/{task}").json()
        return found if found["state"] in {"done", "failed"} else None

    found: dict[str, Any] = eventually(probe)
    return found
