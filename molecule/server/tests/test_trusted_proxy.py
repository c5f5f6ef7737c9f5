"""Behind somebody else's TLS proxy (HAProxy): the deployed server believes it about its clients, and nobody else."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from own_certificates import authority, own_certificate
from scenario_testing.deployed import Admin, Sensor, client_cert, report
from scenario_testing.machine import PATIENCE, docker, eventually, run
from scenario_testing.second_server import ADDRESS, CA, NAME, PASSWORD_FILE, URL

TRUSTED, STRANGER = "10.213.8.250", "10.213.8.251"
FRONT = "molecule-server-front"
POLL = "/api/sensors/status"
CONFIGURATION = """
global
  ca-base {folder}
  crt-base {folder}
defaults
  mode http
  timeout connect 30s
  timeout client 60s
  timeout server 60s
frontend outer
  bind {trusted}:443 ssl crt outer.pem ca-file authorities.pem crl-file lists.pem verify optional
  http-request del-header Client-Cert
  http-request set-header Client-Cert :%[ssl_c_der,base64]: if {{ ssl_c_used }} {{ ssl_c_verify 0 }}
  option forwardfor
  default_backend honeysens
backend honeysens
  server one {inner}:8443 ssl verify required ca-file authorities.pem verifyhost {name} sni str({name})
"""


@dataclass(frozen=True)
class Outer:
    """The proxy before the server's own, and whom to trust to reach it."""

    ca_file: str
    inner: str

    def ask(self, method: str, path: str, pair: tuple[str, str] | None = None, **options: Any) -> requests.Response:
        """One request through it."""
        url = f"https://{TRUSTED}{path}"
        return requests.request(method, url, cert=pair, verify=self.ca_file, timeout=PATIENCE, **options)


@contextmanager
def neighbour(address: str) -> Iterator[str]:
    """A network namespace in the server's front network; gives its name."""
    name = f"hs-front-{address.rpartition('.')[2]}"
    bridge = f"br-{docker('network', 'inspect', '--format', '{{.Id}}', FRONT)[:12]}"
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", f"{name}-o", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"{name}-o", "master", bridge, "up")
        for command in (f"addr add {address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", name, *command.split())
        yield name
    finally:
        run("ip", "netns", "delete", name)
        run("ip", "link", "delete", f"{name}-o", check=False)


@pytest.fixture(scope="module")
def trusted() -> Iterator[str]:
    with neighbour(TRUSTED) as name:
        yield name


@pytest.fixture(scope="module")
def outer(trusted: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outer]:
    folder = tmp_path_factory.mktemp("outer")
    own, admin = own_certificate(TRUSTED), Admin()
    (folder / "outer.pem").write_text(own.body["chain"] + own.body["key"])
    (folder / "ca.crt").write_text(own.root.pem)
    for name, path in (("authorities.pem", "/certs/authorities"), ("lists.pem", "/certs/crl")):
        (folder / name).write_bytes(admin.call("GET", path).content)
    shown = json.loads(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", "molecule-server-proxy"))
    inner = str(shown[FRONT]["IPAddress"])
    configuration = CONFIGURATION.format(folder=folder, inner=inner, name=NAME, trusted=TRUSTED)
    (folder / "haproxy.cfg").write_text(configuration)
    command = ["ip", "netns", "exec", trusted, "haproxy", "-db", "-f", str(folder / "haproxy.cfg")]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            found = Outer(str(folder / "ca.crt"), inner)
            eventually("HAProxy passes on", lambda: process.poll() is None and answers(found))
            yield found
        finally:
            process.terminate()


def answers(outer: Outer) -> bool:
    try:
        return outer.ask("GET", "/api/system/identify").text == "HoneySens"
    except requests.ConnectionError:
        return False


def tell(namespace: str, inner: str, header: str) -> int:
    """Poll from a neighbour, without a certificate of its own but with this header; returns the status."""
    address = f"{NAME}:8443:{inner}"
    done = run(
        *("ip", "netns", "exec", namespace, "curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", CA),
        *("--resolve", address, "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", str(PATIENCE)),
        *("--header", f"Client-Cert: {header}", "--json", json.dumps(report()), f"https://{NAME}:8443{POLL}"),
    )
    return int(done.stdout)


def test_a_sensor_polls_through_it_and_reads_the_registry(outer: Outer, sensor: Sensor) -> None:
    answer = outer.ask("POST", POLL, sensor.pair, json=report())
    assert (answer.status_code, "ca_chain" in answer.json()) == (200, True)
    assert outer.ask("GET", "/v2/", sensor.pair).status_code == 200
    assert outer.ask("POST", POLL, json=report()).status_code == 401
    assert outer.ask("GET", "/v2/").status_code == 401


def test_it_passes_no_header_of_its_clients_on(outer: Outer, sensor: Sensor) -> None:
    told = {"Client-Cert": sensor.header}
    assert outer.ask("POST", POLL, json=report(), headers=told).status_code == 401
    assert outer.ask("GET", "/v2/", headers=told).status_code == 401


def test_only_the_trusted_proxy_is_believed(outer: Outer, trusted: str, sensor: Sensor) -> None:
    assert tell(trusted, outer.inner, sensor.header) == 200, "else nothing below would show anything"
    with neighbour(STRANGER) as stranger:
        assert tell(stranger, outer.inner, sensor.header) == 401
    told = {"Client-Cert": sensor.header}
    answer = requests.post(f"{URL}{POLL}", json=report(), headers=told, verify=CA, timeout=PATIENCE)
    assert answer.status_code == 401


def test_what_it_tells_is_verified_again(outer: Outer, trusted: str, admin: Admin, sensor: Sensor) -> None:
    other = client_cert(authority().certificate)
    assert tell(trusted, outer.inner, other) in {401, 403}
    (certificate,) = admin.call("GET", "/certs", params={"sensor": sensor.id}).json()["items"]
    admin.call("POST", f"/certs/{certificate['id']}/revoke")
    assert tell(trusted, outer.inner, sensor.header) == 403
    assert outer.ask("POST", POLL, sensor.pair, json=report()).status_code == 403


def test_the_audit_log_names_the_clients_address_and_not_the_proxys(outer: Outer, admin: Admin) -> None:
    login = {"username": "admin", "password": PASSWORD_FILE.read_text().strip()}
    assert outer.ask("POST", "/api/sessions", json=login).status_code == 200
    entry = admin.call("GET", "/audit", params={"action": "login"}).json()["items"][0]
    assert entry["actor"]["address"] == ADDRESS
