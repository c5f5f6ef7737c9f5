"""What the tests of the running demo share: the server's API, an attacker with an address of its own, the engines."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from scenario_testing.machine import docker, run

ROOT = Path(__file__).parents[4]
SENSOR = "honeysens-sensor"
LAN = "honeysens-lan"


def nested_docker(*arguments: str, check: bool = True) -> str:
    """Run a command of the engine inside the sensor."""
    return docker("exec", SENSOR, "docker", *arguments, check=check)


def honeypot_container(service: str) -> str:
    """The id of the running container of a service, empty when there is none."""
    return nested_docker("ps", "--quiet", "--no-trunc", "--filter", f"label=io.honeysens.service={service}")


@dataclass(frozen=True)
class Api:
    """The server's API, logged in as the administrator of the demo."""

    summary: dict[str, Any]

    @property
    def url(self) -> str:
        """Where the server is."""
        return str(self.summary["url"]).rstrip("/")

    @property
    def ca_file(self) -> str:
        """The authority that vouches for the server."""
        return str(ROOT / self.summary["ca_file"])

    @property
    def password(self) -> str:
        """The administrator's."""
        return (ROOT / str(self.summary["password_file"])).read_text(encoding="utf-8").strip()

    @cached_property
    def session(self) -> requests.Session:
        """A logged-in session that carries the token for writing calls."""
        session = requests.Session()
        session.trust_env = False  # Else the environment's bundle of authorities would replace ours.
        session.verify = self.ca_file
        login = {"username": self.summary["username"], "password": self.password}
        answer = session.post(f"{self.url}/api/sessions", json=login, timeout=30)
        assert answer.status_code == requests.codes.ok, answer.text
        session.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return session

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call that must succeed."""
        answer = self.session.request(method, f"{self.url}/api{path}", timeout=30, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def items(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """All items of a paged list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params=query | ({"cursor": cursor} if cursor else {})).json()
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                return found

    def contacts(self, source: str, service: str) -> list[dict[str, Any]]:
        """The sessions that a source had with a service."""
        return self.items("/events/sessions", source=source, service=service, limit=100)

    def details(self, session: str) -> list[dict[str, str]]:
        """All details of a session's events, oldest first."""
        events = self.items("/events", session=session, limit=100)
        whole = [self.call("GET", f"/events/{event['id']}").json() for event in events]
        return sorted((detail for event in whole for detail in event["details"]), key=lambda detail: detail["time"])


def demo() -> Api:
    """The API of the demo that is running on this machine."""
    file = ROOT / "dist" / "demo" / "summary.json"
    assert file.exists(), f"{file} is missing: run `make demo` first"
    return Api(json.loads(file.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Attacker:
    """A network namespace of its own on the sensor's network."""

    name: str
    address: str
    sensor: str

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs within the namespace."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def run(self, *arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command within the namespace."""
        return run(*self.command(*arguments), check=check, **options)

    def ssh_command(self, command: str) -> list[str]:
        """An OpenSSH login as root; the password comes from the environment."""
        quiet = [
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oLogLevel=ERROR",
            "-oConnectTimeout=20",
        ]
        password_only = [
            "-oPreferredAuthentications=password",
            "-oPubkeyAuthentication=no",
            "-oConnectTimeout=20",
            "-F/dev/null",
        ]
        return self.command("sshpass", "-e", "ssh", *quiet, *password_only, f"root@{self.sensor}", command)

    def login(self, password: str, command: str) -> subprocess.CompletedProcess[str]:
        """Log in, run the command, log out; the exit code is the honeypot's business."""
        return run(*self.ssh_command(command), check=False, env=os.environ | {"SSHPASS": password})


@contextmanager
def attacker(name: str, address: str, sensor: str) -> Iterator[Attacker]:
    """A namespace with a veth in the sensor's network, removed afterwards whatever happens."""
    bridge = f"br-{docker('network', 'inspect', '--format', '{{.Id}}', LAN)[:12]}"
    outside = f"{name[:12]}-o"
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", outside, "master", bridge, "up")
        for command in (f"addr add {address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", name, *command.split())
        yield Attacker(name, address, sensor)
    finally:
        run("ip", "netns", "delete", name)
        run("ip", "link", "delete", outside, check=False)
