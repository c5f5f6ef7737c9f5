"""TLS, sizes and failures: what the proxy refuses by itself is a problem document, what is allowed streams."""

import json
import socket
import ssl
import time

import pytest
from patience import PATIENCE
from proxy_authority import Pair
from proxy_bench import Proxy, install

pytestmark = pytest.mark.docker

MEBIBYTE = 1 << 20


def assert_problem(body: bytes, content_type: str | None, status: int) -> None:
    assert content_type == "application/problem+json"
    document = json.loads(body)
    assert document["status"] == status
    assert document["detail"]


def test_batch_of_events_above_4_mib_is_refused(proxy: Proxy, sensor: Pair) -> None:
    answer = proxy.ask("POST", "/api/events", pair=sensor, body=b"x" * (4 * MEBIBYTE + 1))
    assert answer.status == 413
    assert_problem(answer.body, answer.headers["Content-Type"], 413)
    assert proxy.web.arrived == []


def test_batch_of_4_mib_arrives(proxy: Proxy, sensor: Pair) -> None:
    assert proxy.ask("POST", "/api/events", pair=sensor, body=b"x" * (4 * MEBIBYTE)).status == 200
    assert proxy.web.arrived[0].body_bytes == 4 * MEBIBYTE


def test_other_bodies_end_at_1_mib(proxy: Proxy) -> None:
    assert proxy.ask("POST", "/api/sessions", body=b"x" * (MEBIBYTE + 1)).status == 413


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/services"), ("PATCH", "/api/uploads/7")])
def test_archive_larger_than_the_proxys_memory_and_disk_streams(proxy: Proxy, method: str, path: str) -> None:
    size = 256
    connection = proxy.connect()
    connection.putrequest(method, path)
    connection.putheader("Content-Length", str(size * MEBIBYTE))
    connection.endheaders()
    connection.send(b"x" * MEBIBYTE)
    assert proxy.web.first_chunk.wait(PATIENCE), "the upload is buffered: nothing arrived before it was complete"
    for _ in range(size - 1):
        connection.send(b"x" * MEBIBYTE)
    assert connection.getresponse().status == 200
    connection.close()
    assert proxy.web.arrived[0].body_bytes == size * MEBIBYTE


def test_archive_above_the_bound_is_refused(proxy: Proxy) -> None:
    connection = proxy.connect()
    connection.putrequest("POST", "/api/services")
    connection.putheader("Content-Length", str(301 * MEBIBYTE))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    assert_problem(response.read(), response.headers["Content-Type"], 413)
    connection.close()


@pytest.mark.parametrize("path", ["/internal/registry-access", "/x/../internal/registry-access", "/proxy/health"])
def test_what_is_meant_for_the_proxy_is_not_for_others(proxy: Proxy, path: str) -> None:
    answer = proxy.ask("GET", path)
    assert answer.status == 404
    assert_problem(answer.body, answer.headers["Content-Type"], 404)
    assert proxy.web.arrived == []


def test_plain_http_is_told_to_use_tls(proxy: Proxy) -> None:
    with socket.create_connection((proxy.address, 8443), timeout=PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: plain.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"TLS only" in answer


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_tls_1_1_is_refused(proxy: Proxy) -> None:
    context = proxy.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        proxy.connect(context=context)


def test_connections_to_web_are_kept(proxy: Proxy) -> None:
    for _ in range(20):
        proxy.ask("GET", "/")
    # Each worker of nginx keeps connections of its own.
    assert len({arrived.peer_port for arrived in proxy.web.arrived}) < 20


def test_renewed_server_certificate_is_served_without_a_restart(proxy: Proxy) -> None:
    renewed = proxy.ours.server("renewed")
    install(proxy.tls, proxy.ours, renewed)
    deadline = time.monotonic() + PATIENCE
    serial = 0
    while serial != renewed.certificate.serial_number and time.monotonic() < deadline:
        connection = proxy.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        served = connection.sock.getpeercert()
        assert served
        serial = int(str(served["serialNumber"]), 16)
        connection.close()
        time.sleep(0.1)
    assert serial == renewed.certificate.serial_number


def test_root_is_read_only_and_nothing_runs_as_root(proxy: Proxy) -> None:
    assert proxy.container.exec_run(["sh", "-c", "test $(id -u) = 10001"]).exit_code == 0
    assert proxy.container.exec_run(["touch", "/etc/nginx/x"]).exit_code != 0
