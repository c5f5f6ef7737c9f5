"""The machine's clock is set, decades back and forth, while the manager runs and its server is away."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sensor_support.adapters import Adapters
from sensor_support.authority import DAY
from sensor_support.builders import desired, eventually, service
from sensor_support.images import describe_image
from sensor_support.mini_server import MiniServer, mini_server

pytestmark = pytest.mark.netns
YEAR = 365 * DAY
BEHIND, AHEAD, RIGHT = -50 * YEAR, 20 * YEAR, timedelta()
LANES, EACH = 4, 25
SERVICE = "cowrie"
NEAR = timedelta(minutes=10)
"""Events of one act come within that, however slow the machine."""


class Board:
    """A manager whose settable clock is what a test wants, and no other of its clocks.

    The honeypots beside it see the same clock.
    """

    def __init__(self, folder: Path, server: MiniServer) -> None:
        self.folder = folder
        self.off = timedelta()
        self.acknowledged: dict[str, datetime] = {}
        self._acts = 0
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "sensor.json").write_text(server.config().model_dump_json())

    def set_clock(self, off: timedelta) -> None:
        """Set it wrong by so much."""
        self.off = off
        beside = self.folder / "clock.new"
        beside.write_text(f"{off.total_seconds():+.0f}")
        beside.replace(self.folder / "clock")

    def start(self) -> None:
        """Start the whole manager, on the platform that touches nothing."""
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        moved = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        places = ["--config", "sensor.json", "--state", "state", "--runtime", "run", "--docker-certs", "certs"]
        command = ["-m", "sensor_manager.cli", "run", "--platform", "dummy", "--interface", "lo", *places]
        self._process = subprocess.Popen(
            [sys.executable, *command], cwd=self.folder, env=os.environ | moved, stdout=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def attacked(self) -> None:
        """Let honeypots hand over events, dated by the clock as it is now."""
        path = self.folder / "run/services" / SERVICE / "events.sock"
        eventually(path.exists, "the manager listens")
        happened = datetime.now(UTC)
        adapters = Adapters(path, LANES, EACH, first=self._acts * LANES, happened=happened + self.off)
        eventually(lambda: not adapters.alive(), "all events are acknowledged")
        assert adapters.refused == set()
        self._acts += 1
        self.acknowledged |= dict.fromkeys(adapters.acknowledged, happened)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MiniServer]:
    with mini_server(tmp_path) as server:
        pot = service(SERVICE, repository=f"test/{SERVICE}").model_copy(
            update={"digest": describe_image(server, "amd64")}
        )
        server.desired = desired(pot, ca_chain=server.authority.chain)
        yield server


@pytest.fixture
def board(tmp_path: Path, server: MiniServer) -> Iterator[Board]:
    board = Board(tmp_path, server)
    yield board
    board.kill()


def reported(server: MiniServer, off: timedelta) -> bool:
    offset = server.reports[-1].clock_offset if server.reports else None
    return offset is not None and abs(offset - max(off.total_seconds(), -1e9)) < 60


def test_events_of_all_clocks_arrive_once_and_rightly_dated(board: Board, server: MiniServer) -> None:
    board.set_clock(BEHIND)
    board.start()
    eventually(partial(reported, server, BEHIND), "it enrols and polls, and says how wrong its clock is")
    for off in (AHEAD, RIGHT):
        board.set_clock(off)
        board.attacked()
        eventually(partial(reported, server, off), "the next poll tells of the step")
    server.available = False
    for off in (AHEAD, BEHIND):
        board.set_clock(off)
        board.attacked()
        board.kill()
        board.start()
        board.attacked()
    server.available = True
    eventually(lambda: len(server.events) >= len(board.acknowledged), "all arrive")
    board.set_clock(RIGHT)
    eventually(partial(reported, server, RIGHT), "it goes on")
    assert len(board.acknowledged) == 6 * LANES * EACH
    assert server.events.keys() == board.acknowledged.keys()
    assert set(server.copies.values()) == {1}
    for identifier, happened in board.acknowledged.items():
        assert abs(datetime.fromisoformat(server.events[identifier]["time"]) - happened) < NEAR
