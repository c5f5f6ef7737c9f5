"""Honeypots' adapters that only want to be rid of their events: each in a thread, one line at a time."""

import contextlib
import json
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sensor_support.builders import event, uuid7

LANE = 10**7
PAUSE = 0.02


class Adapters:
    """Adapters of one service.

    Attributes:
        acknowledged: ids of the events that the sensor has taken.
        refused: ids of those it never takes.

    Args:
        socket_path: the service's socket.
        lanes: how many adapters.
        events: how many events each of them has.
        first: number of the first of them; events of other numbers are other events.
        happened: when, by the clock of their machine; now if none is said.
    """

    def __init__(
        self, socket_path: Path, lanes: int, events: int, *, first: int = 0, happened: datetime | None = None
    ) -> None:
        self.acknowledged: set[str] = set()
        self.refused: set[str] = set()
        self._path = socket_path
        self._events = events
        self._template = event(0, time=happened or datetime.now(UTC)).model_dump(mode="json", exclude={"service"})
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), daemon=True) for lane in range(first, first + lanes)
        ]
        for thread in self._threads:
            thread.start()

    def alive(self) -> bool:
        """Tell whether any has something left."""
        return any(thread.is_alive() for thread in self._threads)

    def have_handed_over(self, events: int) -> bool:
        """Tell whether at least so many events are acknowledged."""
        return len(self.acknowledged) >= events

    def _run(self, lane: int) -> None:
        waiting = [(lane + 1) * LANE + number for number in range(self._events)]
        waiting.reverse()
        while waiting:
            with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self._path))
                with connection.makefile("rb") as answers:
                    while waiting:
                        self._hand_over(connection, answers, waiting)
            time.sleep(PAUSE)

    def _hand_over(self, connection: socket.socket, answers: IO[bytes], waiting: list[int]) -> None:
        identifier = str(uuid7(waiting[-1]))
        line = json.dumps({"event": self._template | {"id": identifier}})
        connection.sendall(line.encode() + b"\n")
        status = json.loads(answers.readline())["status"]
        if status == "busy":
            time.sleep(PAUSE)
            return
        (self.acknowledged if status == "stored" else self.refused).add(identifier)
        waiting.pop()
