"""A honeypot that has been taken over reaches nothing, while the attacker's session with it works."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from scenario_testing.machine import DOCKER, docker, eventually
from scenario_testing.site import SENSOR, Api, Attacker, honeypot_container, nested_docker

PROBE = r"""
import json, socket, struct, sys
from concurrent.futures import ThreadPoolExecutor

def tcp(ip, port):
    with socket.create_connection((ip, port), 1.5):
        return "connected"

def udp(ip, port):
    with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1.5)
        s.sendto(b"\x00" * 12, socket.getaddrinfo(ip, port, type=socket.SOCK_DGRAM)[0][4])
        return "answered %r" % (s.recvfrom(512),)

def ping(ip, port):
    v6 = ":" in ip
    with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM, 58 if v6 else 1) as s:
        s.settimeout(1.5)
        s.sendto(struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 1, 1), socket.getaddrinfo(ip, 0)[0][4])
        return "answered %r" % (s.recvfrom(512),)

def attempt(target):
    kind, ip, port = target
    try:
        return [[kind, ip, port, {"tcp": tcp, "udp": udp, "icmp": ping}[kind](ip, port)]]
    except OSError:
        return []

with ThreadPoolExecutor(24) as pool:
    opened = sum(pool.map(attempt, json.load(sys.stdin)), [])
print(json.dumps(opened))
"""
ECHO = r"""
import socket, threading
tcp = socket.create_server(("", 7777)); udp = socket.socket(type=socket.SOCK_DGRAM); udp.bind(("", 7777))
def answer():
    while True:
        data, peer = udp.recvfrom(512); udp.sendto(data, peer)
threading.Thread(target=answer, daemon=True).start()
print("ready", flush=True)
while True:
    tcp.accept()[0].close()
"""


def probe(prefix: list[str], targets: list[tuple[str, str, int]]) -> list[list[object]]:
    """Try all targets from where `prefix` leads; what could be opened comes back."""
    done = subprocess.run(
        [*prefix, "python3", "-c", PROBE],
        input=json.dumps(targets),
        text=True,
        capture_output=True,
        timeout=300,
        check=True,
    )
    opened: list[list[object]] = json.loads(done.stdout)
    return opened


def inside(service: str) -> list[str]:
    return [DOCKER, "exec", "-i", SENSOR, "docker", "exec", "-i", honeypot_container(service)]


def container_address(service: str) -> str:
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}}{{end}}"
    return nested_docker("inspect", "--format", template, honeypot_container(service))


def targets(api: Api, intruder: Attacker) -> list[tuple[str, str, int]]:
    server = urlsplit(api.url)
    cowrie, cowrie_gateway = container_address("cowrie").split()
    recon, recon_gateway = container_address("recon").split()
    host = intruder.sensor.rpartition(".")[0] + ".1"
    hosts = [
        server.hostname or "",
        intruder.sensor,
        cowrie_gateway,
        recon_gateway,
        recon,
        host,
        "192.0.2.1",
        "169.254.169.254",
    ]
    wanted = [("tcp", ip, port) for ip in hosts for port in (22, 80, 2375, server.port or 443)]
    wanted += [("udp", ip, port) for ip in hosts for port in (53, 5353)]
    wanted += [("icmp", ip, 0) for ip in hosts]
    wanted += [("tcp", intruder.address, 7777), ("udp", intruder.address, 7777), ("icmp", intruder.address, 0)]
    six = ["2001:db8::1", "ff02::1%eth0", "fe80::1%eth0"]
    assert cowrie not in hosts
    return wanted + [(kind, ip, port) for ip in six for kind, port in (("tcp", 22), ("udp", 53), ("icmp", 0))]


@contextmanager
def listening(intruder: Attacker) -> Iterator[None]:
    """A listener at the attacker's own address, for connections back to him."""
    with subprocess.Popen(intruder.command("python3", "-c", ECHO), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        try:
            yield
        finally:
            process.kill()


def assert_contained(api: Api, intruder: Attacker) -> None:
    with listening(intruder):
        back = [("tcp", intruder.address, 7777), ("udp", intruder.address, 7777), ("icmp", intruder.address, 0)]
        # The same probe from the sensor itself gets through: it can fail, and the listener is real.
        assert {entry[0] for entry in probe([DOCKER, "exec", "-i", SENSOR], back)} == {"tcp", "udp", "icmp"}

        assert "uid=0" in intruder.login("admin123", "id").stdout
        assert probe(inside("cowrie"), targets(api, intruder)) == []
        assert "uid=0" in intruder.login("admin123", "id").stdout


def restarted(process: str) -> None:
    before = docker("exec", SENSOR, "pgrep", "-o", "-f", process)
    docker("exec", SENSOR, "kill", "-9", before)
    eventually(
        f"{process} restarted",
        lambda: docker("exec", SENSOR, "pgrep", "-o", "-f", process, check=False) not in {"", before},
    )


def test_a_taken_over_honeypot_reaches_nothing_also_after_restarts(api: Api, intruder: Attacker) -> None:
    assert_contained(api, intruder)

    restarted("^dockerd")
    restarted("sensor-manager run")

    eventually("cowrie answers again", lambda: "uid=0" in intruder.login("admin123", "id").stdout)
    assert_contained(api, intruder)
