"""Nothing is lost and nothing stored twice, between honeypots' adapters and the real server's database.

The manager is killed again and again, the server's workers are, and the line has every fault there is.
"""

import json
import os
import random
import socket
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sensor_support.adapters import Adapters
from sensor_support.bad_line import FAULTS, BadLine
from sensor_support.builders import event, eventually, uuid7
from sensor_support.event_manager import SERVICE
from sensor_support.event_world import enrol, start_manager, start_server, stored, waiting
from server_process import Server

from sensor_manager.spool.store import SpoolStore

pytestmark = pytest.mark.netns
LANES = 16
EVENTS = 100_000
KILLS = 12
POISON = 10
"""Events that the server can never take: their time has no place in the calendar of UTC."""


def kill_a_worker(server: Server, chance: random.Random) -> None:
    """Kill one of the web server's workers, whatever it does; the server starts another one."""
    master = server.started[0].pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    if workers:
        os.kill(int(chance.choice(workers)), 9)


def send_strange_things(path: Path) -> None:
    """Hand over events that the server never takes, a line of 10 MB, and one that is no event."""
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as answers:
        connection.connect(str(path))
        for number in range(POISON):
            body = event(number).model_dump(mode="json", exclude={"service"}) | {"time": "0001-01-01T00:00:00+14:00"}
            connection.sendall(json.dumps({"event": body}).encode() + b"\n")
            assert json.loads(answers.readline())["status"] == "stored"
        connection.sendall(b'{"event": 1}\n')
        assert json.loads(answers.readline())["status"] == "rejected"
        with suppress(OSError):  # it hangs up before all is said
            connection.sendall(b"x" * 10_000_000 + b"\n")


def test_a_hundred_thousand_events_each_stored_once(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    manager: subprocess.Popen[bytes] | None = None
    chance = random.Random(1)
    try:
        eventually(server.answers, "the server answers")
        line = BadLine(tmp_path, server.address, rounds=3)
        (tmp_path / "ca.crt").write_text(line.authority.chain)
        sensor, authorities = enrol(server, tmp_path)
        with line.open(authorities) as url:
            manager = start_manager(tmp_path, url)
            socket_path = tmp_path / "services" / SERVICE / "events.sock"
            eventually(socket_path.exists, "the manager listens")
            send_strange_things(socket_path)
            adapters = Adapters(socket_path, LANES, EVENTS // LANES)
            for killed in range(1, KILLS + 1):
                goal = killed * EVENTS // (KILLS + 1)
                eventually(partial(adapters.have_handed_over, goal), f"{goal} events")
                manager.kill()
                manager.wait()
                kill_a_worker(server, chance)
                manager = start_manager(tmp_path, url)
            eventually(lambda: not adapters.alive(), "all events are acknowledged")
            eventually(lambda: line.done, f"every fault has come, of which {line.met}")
            eventually(lambda: waiting(tmp_path / "spool.db") == 0, "the spool is empty")
            manager.terminate()
            manager.wait()
        with SpoolStore(tmp_path / "spool.db") as store:
            report = store.report()
        count, ids = stored(server, sensor)
        assert (report.depth, report.dropped, report.damaged) == (0, 0, 0)
        assert (report.quarantined, report.refused) == (POISON, 2)
        assert adapters.refused == set()
        assert count == len(ids) == len(adapters.acknowledged) == EVENTS
        assert ids == {identifier.replace("-", "") for identifier in adapters.acknowledged}
        assert set(line.met) == set(FAULTS)
        assert str(uuid7(0)) not in ids
    finally:
        if manager is not None:
            manager.kill()
        server.end()
