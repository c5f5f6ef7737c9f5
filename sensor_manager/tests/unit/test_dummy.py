"""The whole manager on the platform that touches nothing, against a server over TLS; and the commands for looking."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sensor_support.builders import desired, event, eventually, service
from sensor_support.images import describe_image
from sensor_support.mini_server import MiniServer, mini_server

from sensor_manager.cli import main
from sensor_manager.platforms import PLATFORMS
from sensor_manager.settings import PLATFORM_NAMES
from sensor_wire.v1.network import ServerEndpoint
from sensor_wire.v1.poll import ConnectionReport, ConnectionState, Report, ServiceState


@dataclass
class Sensor:
    server: MiniServer
    folder: Path
    process: subprocess.Popen[bytes]

    def want(self, *names: str, architecture: str = "amd64") -> None:
        digest = describe_image(self.server, architecture)
        services = [service(name, repository=f"test/{name}").model_copy(update={"digest": digest}) for name in names]
        before = self.server.desired.generation if self.server.desired else 0
        self.server.desired = desired(*services, generation=before + 1, ca_chain=self.server.authority.chain)

    def last(self) -> Report | None:
        return self.server.reports[-1] if self.server.reports else None

    def applied(self) -> bool:
        last, wanted = self.last(), self.server.desired
        return last is not None and wanted is not None and last.generation == wanted.generation

    def look(self, capsys: pytest.CaptureFixture[str], *command: str) -> str:
        """Run a command for looking; its output, and its errors when it fails."""
        code = main([*command, "--runtime", str(self.folder / "run")])
        out, err = capsys.readouterr()
        return f"{out}{err}code {code}"


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[Sensor]:
    with mini_server(tmp_path) as server:
        (tmp_path / "sensor.json").write_text(server.config().model_dump_json())
        tools = tmp_path / "tools"  # nothing that could touch this machine
        tools.mkdir()
        (tools / "openssl").symlink_to(shutil.which("openssl") or "")
        places = ["--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker-certs", "certs"]
        process = subprocess.Popen(
            [sys.executable, "-m", "sensor_manager.cli", "run", "--platform", "dummy", "--interface", "lo", *places],
            cwd=tmp_path,
            env=os.environ | {"PATH": str(tools)},
            stdout=subprocess.DEVNULL,
        )
        try:
            yield Sensor(server, tmp_path, process)
        finally:
            process.terminate()
            assert process.wait(20) == 0


def test_dummy_runs_the_whole_manager(sensor: Sensor, capsys: pytest.CaptureFixture[str]) -> None:
    sensor.want("cowrie", "recon")
    eventually(sensor.applied, "the desired state is applied")
    last = sensor.last()
    assert last is not None
    assert {each.name: each.state for each in last.services} == dict.fromkeys(("cowrie", "recon"), ServiceState.RUNNING)
    assert last.platform == "dummy"
    with socket.socket(socket.AF_UNIX) as adapter:
        adapter.connect(f"{sensor.folder}/run/services/cowrie/events.sock")
        body = event().model_dump(mode="json", exclude={"service"})
        adapter.sendall(json.dumps({"event": body}).encode() + b"\n")
        assert b'"stored"' in adapter.recv(4096)
    eventually(lambda: body["id"] in sensor.server.events, "the event is on the server")

    status = eventually(lambda: "1 of 1 is" in (page := sensor.look(capsys, "status")) and page, "the status")
    assert "sensor      7 test, dummy (amd64)" in status
    assert "generation 1 of 1 is applied in full" in status
    assert "service     cowrie 1.0.0 running" in status
    assert "last answer" in status
    why = "for cowrie, because it is not on the sensor"  # the engine's memory is another process's
    planned = eventually(lambda: why in (page := sensor.look(capsys, "plan")) and page, "the plan")
    assert "make the network" not in planned
    assert '"event": "manager started"' in sensor.look(capsys, "logs", "--lines", "500")
    assert "there is no container of cowrie; there are: none" in sensor.look(capsys, "logs", "cowrie")

    checked = sensor.look(capsys, "check")
    assert "ok      tls        it is the server we know" in checked
    assert "ok      enrolment  certificate until" in checked
    assert "FAILED" not in checked
    assert checked.endswith("code 0")
    reported = eventually(lambda: (now := sensor.last()) and now.check, "the self-check is reported")
    assert all(each.ok for each in reported.items)

    sensor.want("foreign", architecture="arm")
    failed = eventually(lambda: (now := sensor.last()) and next((x.error for x in now.services if x.error), ""), "why")
    assert "the image is for arm, this sensor is amd64" in failed
    eventually(lambda: "before foreign is tried again" in sensor.look(capsys, "plan"), "the plan is to wait")

    sensor.server.available = False
    checked = sensor.look(capsys, "check")
    assert "FAILED  server     something else than HoneySens answers at 127.0.0.1" in checked
    assert checked.endswith("code 1")
    eventually(lambda: "since then:" in sensor.look(capsys, "status"), "the status says that the server is silent")


def test_looking_without_a_manager_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("plan", "status", "check", "logs"):
        assert main([command, "--runtime", str(tmp_path)]) == 1
        assert "no manager has run" in capsys.readouterr().err


def test_every_platform_can_be_chosen() -> None:
    assert set(PLATFORM_NAMES) == PLATFORMS.keys()


def test_the_sensor_follows_its_server(sensor: Sensor, tmp_path: Path) -> None:
    sensor.want("cowrie")
    eventually(sensor.applied, "the desired state is applied")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    other = MiniServer(folder, authority=sensor.server.authority)
    try:
        other.blobs = sensor.server.blobs
        host, _, port = other.address.partition(":")
        assert sensor.server.desired is not None
        moved = {"generation": 2, "server": ServerEndpoint(host=host, port=int(port))}
        sensor.server.desired = other.desired = sensor.server.desired.model_copy(update=moved)
        states = eventually(lambda: [each.connection for each in other.reports if each.connection], "a poll there")
        assert states[0].state is ConnectionState.TRYING
        sensor.server.available = False
        confirmed = eventually(
            lambda: other.reports[-1].connection == ConnectionReport(state=ConnectionState.CONFIRMED), "it stays there"
        )
        assert confirmed
    finally:
        other.close()
