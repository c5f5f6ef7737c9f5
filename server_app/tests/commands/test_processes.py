"""The real commands as processes of their own: init, web behind a socket, worker behind the queue."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from cryptography import x509
from patience import PATIENCE
from prepared_database import Prepared
from server_bench import certificate_request, header_of, token_of
from server_process import Server, ended, enrolled_by, eventually
from service_builder import service_archive

from server_app.pki import authority


@pytest.fixture
def initialised_server(tmp_path: Path, registry_url: str, prepared: Prepared, initialised: Path) -> Iterator[Server]:
    server = Server(tmp_path, registry_url, prepared.url, initialised)
    yield server
    server.end()


@pytest.fixture
def server(tmp_path: Path, registry_url: str, database_url: str) -> Iterator[Server]:
    server = Server(tmp_path, registry_url, database_url)
    yield server
    server.end()


def test_a_command_without_its_environment_says_what_is_missing(tmp_path: Path) -> None:
    server = Server(tmp_path, "http://127.0.0.1:9")  # it looks at no database
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
    enrolled = enrolled_by(server, {"token": token, "csr": certificate_request(key)})
    header = {"Client-Cert": header_of(x509.load_pem_x509_certificate(enrolled["certificate"].encode()))}
    assert server.call("POST", "/events", json={"events": []}, headers=header).ok
    refused = server.call("POST", "/events", json={"events": []}, headers={"Client_Cert": header["Client-Cert"]})
    assert refused.status_code == 401

    task = server.call("POST", "/services", data=service_archive(repository="processes/cowrie")).json()["task"]
    assert ended(server, task)["state"] == "done"

    as_chunks = server.call("POST", "/events", data=iter([b"x" * 1024 * 1024] * 5), headers=header)
    assert as_chunks.status_code == 413
    lines = [line for line in server.log("web") if line.get("path") == "/api/events" and line["status"] == 413]
    assert len(lines) == 1


def test_the_worker_ends_when_it_is_asked_to(initialised_server: Server) -> None:
    worker = initialised_server.start("worker")
    eventually((initialised_server.folder / "data" / "uploads").exists)
    worker.terminate()
    worker.wait(PATIENCE)


def test_a_connection_outlives_a_body_that_is_refused_before_it_is_read(initialised_server: Server) -> None:
    initialised_server.start("web")
    eventually(initialised_server.answers)
    connection = HTTPConnection(initialised_server.address, timeout=PATIENCE)
    connection.connect()
    opened = connection.sock
    for _ in range(3):
        connection.request("PATCH", "/api/uploads/1", b"x" * (1 << 20), {"Upload-Offset": "0"})
        refused = connection.getresponse()
        assert (refused.status, refused.read()[:1]) == (401, b"{")
    assert connection.sock is opened
