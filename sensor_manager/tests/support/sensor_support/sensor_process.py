"""The daemon as a process, and what can be tried around it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from sensor_support import namespaces
from sensor_support.adapter_end import capture, submit
from sensor_support.attacker import converse
from sensor_support.builders import desired, eventually, service
from sensor_support.engine import DOCKER, NestedEngine
from sensor_support.mini_server import MiniServer
from sensor_support.namespaces import ATTACKER, SENSOR, SENSOR6, Lan, sh
from sensor_wire.v1.network import Network
from sensor_wire.v1.poll import ServiceReport, ServiceState


class Sensor:
    """The sensor under test and all around it."""

    def __init__(self, folder: Path, net: Lan, server: MiniServer, engine: NestedEngine) -> None:
        self.folder = folder
        self.net = net
        self.server = server
        self.engine = engine
        self.docker = engine.address
        self.digests: dict[str, str] = {}
        self.network: Network | None = None
        self._process: subprocess.Popen[bytes] | None = None
        config = server.config()
        (folder / "sensor.json").write_text(config.model_dump_json())

    def start(self, *further: str, path: str | None = None) -> None:
        """Start the daemon, with these arguments more and with this path of tools."""
        command = [
            shutil.which("nsenter") or "",
            f"--net={namespaces.path(self.net.sensor)}",
            sys.executable,
            "-m",
            "sensor_manager.cli",
        ]
        arguments = ["run", "--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker", self.docker]
        self._process = subprocess.Popen(
            [*command, *arguments, *further],
            cwd=self.folder,
            env=os.environ | {"PATH": path or os.environ["PATH"]},
            stdout=(self.folder / "manager.log").open("ab"),
        )

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self._process is not None
        os.kill(self._process.pid, number)
        return self._process.wait(20)

    def log(self) -> str:
        return (self.folder / "manager.log").read_text()

    def want(self, *names: str, **changes: dict[str, Any]) -> None:
        services = [self.definition(name, **changes.get(name, {})) for name in names]
        before = self.server.desired.generation if self.server.desired else 0
        wanted = desired(*services, generation=before + 1, ca_chain=self.server.authority.chain)
        self.server.desired = wanted.model_copy(update={"network": self.network})

    def definition(self, name: str, **changes: Any) -> Any:
        defaults: dict[str, dict[str, Any]] = {
            "pot": {"ports": {"2222/tcp": 22}},
            "sleeper": {"catch_all": True},
            "writer": {"ports": {"2222/tcp": 23}},
            "foreign": {"digest": self.digests["pot for arm"]},
            "second": {"digest": self.digests["pot"], "ports": {"2222/tcp": 22}},
            "raw": {"digest": self.digests["pot"], "raw": True},
            "stubborn": {"digest": self.digests["pot"], "ports": {"2222/tcp": 24}, "options": {"stubborn": True}},
            "looping": {"digest": self.digests["pot"], "options": {"crash": True}},
        }
        digest = self.digests.get(name, "")
        return service(name, **({"repository": f"test/{name}", "digest": digest} | defaults[name] | changes))

    def report(self, name: str) -> ServiceReport | None:
        found = self.server.reports[-1].services if self.server.reports else []
        return next((each for each in found if each.name == name), None)

    def has_failed(self, name: str) -> bool:
        report = self.report(name)
        return report is not None and report.state is ServiceState.FAILED

    def restarts(self, name: str) -> int:
        report = self.report(name)
        return report.restarts if report is not None else 0

    def runs_at_least(self, name: str) -> None:
        def it_runs() -> bool:
            report = self.report(name)
            return report is not None and report.state is ServiceState.RUNNING

        eventually(it_runs, f"{name} runs")

    def runs(self, *names: str) -> None:
        def all_run() -> bool:
            last = self.server.reports[-1] if self.server.reports else None
            wanted = self.server.desired
            return last is not None and wanted is not None and last.generation == wanted.generation

        try:
            eventually(all_run, f"{names} run")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.server.reports[-1:]}\n{self.log()[-3000:]}") from error
        assert {each.name for each in self.server.reports[-1].services} == set(names)

    def rules(self) -> str:
        return sh("ip", "netns", "exec", self.net.sensor, "nft", "-s", "list", "ruleset")

    def submit(self, name: str, **changes: Any) -> str:
        """Hand over an event as the service's adapter would; returns the answer, empty while nobody listens."""
        return submit(self._socket(name), **changes)

    def capture(self, name: str, *, ipv6: bool = False) -> list[socket.socket]:
        """Ask for the capture sockets as the service's adapter would; none while they cannot be had."""
        return capture(self._socket(name), ipv6=ipv6)

    def _socket(self, name: str) -> Path:
        return self.folder / f"run/services/{name}/events.sock"

    def containers(self) -> dict[str, str]:
        lines = sh(DOCKER, "-H", self.docker, "ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}").splitlines()
        return dict(line.split() for line in lines)

    def images(self) -> str:
        return sh(DOCKER, "-H", self.docker, "images", "--digests", "--format", "{{.Repository}}@{{.Digest}}")

    def inspect(self, name: str) -> dict[str, Any]:
        details: dict[str, Any] = json.loads(sh(DOCKER, "-H", self.docker, "inspect", f"honeysens-{name}"))[0]
        return details

    def ending(self, container: str) -> list[dict[str, Any]]:
        """What the engine recorded of a container's end: signals and the end itself, in their order."""
        kinds = ("--filter", "event=kill", "--filter", "event=die", "--filter", f"container={container}")
        told = sh(
            DOCKER, "-H", self.docker, "events", "--since", "1h", "--until", "0s", "--format", "{{json .}}", *kinds
        )
        return [json.loads(each) for each in told.splitlines()]

    def connect(self, command: str = "", port: int = 22, source: str = ATTACKER, target: str | None = None) -> str:
        """Connect as an attacker, send one line, return everything that comes."""
        return converse(self.net, command, (target or (SENSOR6 if ":" in source else SENSOR), port), source)

    def meet(self, command: str = "", **further: Any) -> str:
        """Do the same as soon as the honeypot listens, which is a moment after it runs."""

        def said() -> str | None:
            heard = self.connect(command, **further)
            return None if heard.startswith("failed") else heard

        heard: str = eventually(said, "the honeypot listens")
        return heard
