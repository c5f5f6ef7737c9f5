"""Events through a sensor: from honeypots' adapters by socket and spool over TLS to a small server, on one core."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.errors import BenchError
from bench.manager import SUPPORT
from bench.progress import Progress
from bench.results import Result, result

FIGURES = frozenset({"sensor_events_per_s"})
LANES = 8
EVENTS = 16_000
PATIENCE = 120.0
SENSOR = 7
BODY = "x" * 480
"""About what a short event takes as JSON."""


def measure_event_path(folder: Path, progress: Progress, events: int = EVENTS) -> list[Result]:
    """The rate at which events arrive; its floor is one commit for each event, by SQLite alone on the same disk.

    Raises:
        BenchError: the events did not arrive.
    """
    if str(SUPPORT) not in sys.path:
        sys.path.append(str(SUPPORT))
    from sensor_support.adapters import Adapters  # noqa: PLC0415 - what the manager's own tests are made with
    from sensor_support.event_manager import SERVICE  # noqa: PLC0415
    from sensor_support.mini_server import mini_server  # noqa: PLC0415

    from sensor_manager.server.identity import certificate_request, make_key  # noqa: PLC0415

    progress.say("Handing events to a sensor's event path")
    with mini_server(folder) as server:
        (folder / "ca.crt").write_text(server.authority.chain, encoding="ascii")
        make_key(folder / "sensor.key")
        request = certificate_request(folder / "sensor.key", SENSOR)
        (folder / "sensor.crt").write_text(server.authority.sign_sensor(request, SENSOR), encoding="ascii")
        floor = _commits_per_s(folder, events // LANES)
        with (folder / "events.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - a command of our own
                [sys.executable, "-m", "sensor_support.event_manager", str(folder), server.url],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "LOG_LVL": "warn"},
                stdout=log,
            )
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        try:
            socket_path = folder / "services" / SERVICE / "events.sock"
            _until(socket_path.exists, "the event path listens")
            begun = time.monotonic()
            adapters = Adapters(socket_path, LANES, events // LANES)
            _until(lambda: not adapters.alive() and len(server.events) == events, "all events are on the server")
            rate = events / (time.monotonic() - begun)
        finally:
            process.kill()
            process.wait()
    conditions = f"{events} events of {LANES} adapters, each acknowledged on disk; socket, spool and TLS on one core"
    return [result("sensor_events_per_s", rate, conditions, floor)]


def _commits_per_s(folder: Path, events: int) -> float:
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE events (body TEXT);")
    begun = time.monotonic()
    for _ in range(events):
        database.execute("INSERT INTO events VALUES (?)", (BODY,))
    rate = events / (time.monotonic() - begun)
    database.close()
    return rate


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise BenchError(f"Not within {PATIENCE:.0f} s: {what}.")
        time.sleep(0.01)
