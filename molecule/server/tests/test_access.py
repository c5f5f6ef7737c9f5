"""What answers from outside, and how."""

import socket
import ssl
import subprocess

import pytest
import requests
from scenario_testing.second_server import ADDRESS, CA, PASSWORD_FILE, PORT, URL


def ask(method: str, path: str) -> requests.Response:
    return requests.request(method, f"{URL}{path}", verify=CA, timeout=10)


def test_server_says_who_it_is() -> None:
    answer = ask("GET", "/api/system/identify")
    assert (answer.status_code, answer.text) == (200, "HoneySens")


def test_generated_password_opens_it() -> None:
    body = {"username": "admin", "password": PASSWORD_FILE.read_text().strip()}
    answer = requests.post(f"{URL}/api/sessions", json=body, verify=CA, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["name"] == "admin"


def test_pages_and_their_files_are_there() -> None:
    assert "HoneySens" in ask("GET", "/login").text
    assert ask("GET", "/assets/vendor/htmx.min.js").status_code == 200


def connect(name: str, context: ssl.SSLContext) -> str | None:
    plain = socket.create_connection((ADDRESS, PORT), timeout=10)
    with context.wrap_socket(plain, server_hostname=name) as tls:
        return tls.version()


@pytest.mark.parametrize("name", [ADDRESS, "server.example.com"])
def test_certificate_is_good_for_every_name(name: str) -> None:
    assert connect(name, ssl.create_default_context(cafile=CA)) == "TLSv1.3"


def test_tls_1_2_is_spoken_and_1_1_is_not() -> None:
    context = ssl.create_default_context(cafile=CA)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert connect(ADDRESS, context) == "TLSv1.2"
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        connect(ADDRESS, context)


def test_metrics_are_told_in_the_servers_network_only() -> None:
    read = "import urllib.request as r; print(r.urlopen('http://web:9100/metrics', timeout=10).read().decode())"
    inside = ["docker", "exec", "molecule-server-worker", "python3", "-c", read]
    told = subprocess.run(inside, capture_output=True, text=True, check=True).stdout
    assert "honeysens_http_requests_total{" in told
    assert 'honeysens_certificate_expiry_timestamp_seconds{kind="server"}' in told
    assert ask("GET", "/metrics").status_code == 404


@pytest.mark.parametrize(("method", "status"), [("GET", 401), ("HEAD", 401), ("POST", 405), ("PUT", 405)])
def test_registry_is_closed_to_strangers(method: str, status: int) -> None:
    answer = ask(method, "/v2/honeysens/cowrie/blobs/uploads/")
    assert answer.status_code == status
    if method != "HEAD":
        assert answer.json()["errors"]


@pytest.mark.parametrize("port", [5000, 5432, 8000])
def test_nothing_else_listens_at_the_servers_address(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, port), timeout=5)
