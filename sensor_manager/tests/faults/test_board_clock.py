"""A board sets its own clock by its server's time, through the real system call, which never reaches this machine.

It is answered by strace, and whoever calls has lost the right to set clocks before.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sensor_support.authority import DAY
from sensor_support.builders import desired, eventually
from sensor_support.mini_server import MiniServer, mini_server

pytestmark = pytest.mark.netns
YEAR = 365 * DAY.total_seconds()
NEAR = 600
"""Seconds within which a test ends, however slow the machine."""
WITHOUT_THE_RIGHT = ["setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time"]
SET = re.compile(r"clock_settime\(CLOCK_REALTIME, \{tv_sec=(\d+), .*\(INJECTED\)")
BOARD = """
from sensor_manager.platforms import PLATFORMS
from sensor_manager.platforms.bbb import Bbb
from sensor_manager.platforms.dummy import Dummy
PLATFORMS["dummy"] = type("Board", (Dummy,), {"take_time": Bbb.take_time})
from sensor_manager.cli import main
main()
"""
"""The whole manager on the platform that touches nothing, but for the clock."""


@contextmanager
def board(folder: Path, off: float, *, may_set: bool) -> Iterator[None]:
    """Run a manager whose clock is ahead by so many seconds."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    answered = ["strace", "-D", "-f", "-qq", "-o", str(folder / "calls"), "-e", "trace=clock_settime"]
    answered += ["-e", "inject=clock_settime:retval=0"] if may_set else []
    moved = ["env", f"LD_PRELOAD={library}", f"FAKETIME={off:+.0f}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
    places = ["--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker-certs", "certs"]
    arguments = ["run", "--platform", "dummy", "--interface", "lo", *places]
    command = [*WITHOUT_THE_RIGHT, *answered, *moved, sys.executable, "-c", BOARD, *arguments]
    with (folder / "manager.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def settings(folder: Path) -> list[int]:
    """To what the clock was set, as the kernel was told."""
    file = folder / "calls"
    return [int(second) for second in SET.findall(file.read_text())] if file.exists() else []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MiniServer]:
    with mini_server(tmp_path) as server:
        server.desired = desired(ca_chain=server.authority.chain)
        (tmp_path / "sensor.json").write_text(server.config().model_dump_json())
        yield server


@pytest.mark.parametrize("off", [-50 * YEAR, 20 * YEAR, 120.0])
def test_a_wrong_clock_is_set_to_the_servers_time(tmp_path: Path, server: MiniServer, off: float) -> None:
    with board(tmp_path, off, may_set=True):
        eventually(lambda: settings(tmp_path), "the clock is set")
    assert all(abs(second - time.time()) < NEAR for second in settings(tmp_path))
    assert abs(server.reports[0].clock_offset or 0) >= 100, "how wrong it was is reported"


def test_a_right_clock_is_left_alone(tmp_path: Path, server: MiniServer) -> None:
    with board(tmp_path, 10.0, may_set=True):
        eventually(lambda: len(server.reports) > 1, "it polls")
    assert settings(tmp_path) == []


def test_a_board_that_may_not_set_its_clock_goes_on(tmp_path: Path, server: MiniServer) -> None:
    with board(tmp_path, -50 * YEAR, may_set=False):
        eventually(lambda: len(server.reports) > 1, "it polls")
    assert "EPERM" in (tmp_path / "calls").read_text()
    assert "cannot be set" in (tmp_path / "manager.log").read_text()
