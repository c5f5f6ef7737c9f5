"""The engine ends and begins again while honeypots write: no event is lost, none becomes two."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sensor_support.builders import eventually, uuid7
from sensor_support.engine import NestedEngine
from sensor_support.namespaces import ATTACKER, SENSOR, path, sh
from sensor_support.sensor_process import Sensor

from sensor_manager.effects.network_namespace import in_network_namespace

pytestmark = [pytest.mark.docker, pytest.mark.netns]
EVENTS = 1200
RESTARTS = 3
PORT = 23


class Visitor:
    """Has a honeypot write events, and comes again, after the last it was told of, whenever it is thrown out.

    Attributes:
        acknowledged: how many events the sensor has taken by what the honeypot has said.
        visits: how often it had to come.
    """

    def __init__(self, namespace: str) -> None:
        self.acknowledged = 0
        self.visits = 0
        self._namespace = namespace
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def has(self, events: int) -> bool:
        return self.acknowledged >= events

    def _run(self) -> None:
        while self.acknowledged < EVENTS:
            with suppress(OSError):
                in_network_namespace(self._namespace, self._visit)

    def _visit(self) -> None:
        with (
            socket.create_connection((SENSOR, PORT), 3, (ATTACKER, 0)) as connection,
            connection.makefile("rb") as said,
        ):
            connection.sendall(f"{self.acknowledged} {EVENTS}\n".encode())
            self.visits += 1
            for line in said:
                self.acknowledged = int(line) + 1


@pytest.fixture(params=[False, True], ids=["containers end with the engine", "containers outlive it"])
def engine(request: pytest.FixtureRequest, sensor: Sensor) -> Iterator[NestedEngine]:
    sensor.engine.keep_containers(keep=request.param)
    yield sensor.engine
    sensor.engine.keep_containers(keep=False)


def test_events_survive_the_engine(sensor: Sensor, engine: NestedEngine) -> None:
    sensor.want("writer")
    sensor.runs("writer")
    visitor = Visitor(path(sensor.net.lan))
    for number in range(RESTARTS):
        reached = (number + 1) * EVENTS // (RESTARTS + 1)
        eventually(partial(visitor.has, reached), f"{reached} events")
        engine.restart()
    eventually(lambda: visitor.has(EVENTS), "all events are acknowledged")
    wanted = {str(uuid7(number)) for number in range(EVENTS)}
    eventually(lambda: len(sensor.server.events) >= EVENTS, "all arrive")
    assert sensor.server.events.keys() == wanted
    again = sum(copies - 1 for copies in sensor.server.copies.values())
    assert again <= visitor.visits - 1, "only what was under way when the honeypot ended is handed over again"
    sessions = [each["session"] for each in sensor.server.events.values()]
    assert len(set(sessions)) == EVENTS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_an_ended_engine_ran_is_removed(sensor: Sensor, engine: NestedEngine, number: signal.Signals) -> None:
    sensor.want("pot", "writer")
    sensor.runs("pot", "writer")
    engine.restart(number)
    eventually(lambda: "hello" in sensor.connect(), "the honeypot answers again")
    sensor.want()
    eventually(lambda: not engine.containers(), "none is left, nor any that is half removed")
    sensor.want("pot")
    eventually(lambda: "hello" in sensor.connect(), "it can be had again")


def test_what_an_ended_engine_left_mounted_is_removed(sensor: Sensor) -> None:
    """An engine that ends while it starts a container knows nothing of having mounted its files."""
    sensor.want("pot")
    sensor.runs("pot")
    place = Path(sensor.inspect("pot")["GraphDriver"]["Data"]["MergedDir"])
    sensor.engine.stop()
    place.mkdir()
    sh("mount", "--bind", str(place), str(place))
    sensor.engine.start()
    sensor.want("pot", pot={"options": {"greeting": "again"}})
    sensor.runs("pot")
    eventually(lambda: "hello" in sensor.connect(), "its successor answers")
    assert len(sensor.engine.containers()) == 1
