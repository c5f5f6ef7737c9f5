"""The command line and the health check."""

import subprocess
import sys
import time
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from sensor_manager.cli import main, parse_arguments
from sensor_manager.heartbeat import Heartbeat, write_heartbeat
from sensor_manager.settings import HEARTBEAT_NAME


def health(runtime: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["health", "--runtime", str(runtime)])
    return code, capsys.readouterr().err


def test_health(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / HEARTBEAT_NAME
    now = time.monotonic()
    code, reason = health(tmp_path, capsys)
    assert code == 1
    assert "no heartbeat" in reason
    write_heartbeat(path, Heartbeat(cycle_at=now, progress_at=now))
    assert health(tmp_path, capsys) == (0, "")
    write_heartbeat(path, Heartbeat(cycle_at=now, progress_at=max(0, now - 61), error="the engine is away"))
    assert health(tmp_path, capsys)[0] == 1
    write_heartbeat(path, Heartbeat(cycle_at=max(0, now - 61), progress_at=max(0, now - 61)))
    code, reason = health(tmp_path, capsys)
    assert code == 1
    assert "stood still" in reason
    path.write_text("{")
    assert health(tmp_path, capsys)[0] == 1


def test_addresses_of_the_machine_are_taken_one_by_one() -> None:
    options = parse_arguments(["run", "--host-network", "--management", "192.0.2.1", "--management", "2001:db8::1"])
    assert options.host_network
    assert options.management == [IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")]
    with pytest.raises(SystemExit):
        parse_arguments(["run", "--management", "somewhere"])


def test_missing_configuration_ends_with_a_reason_as_json(tmp_path: Path) -> None:
    arguments = ["--config", "none.json", "--state", "state", "--runtime", "run"]
    done = subprocess.run(
        [sys.executable, "-m", "sensor_manager.cli", "run", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert '"level": "error"' in done.stdout
    assert "download the sensor's configuration" in done.stdout


def test_unknown_platform_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--platform", "toaster"])
    assert "docker_x86" in capsys.readouterr().err
