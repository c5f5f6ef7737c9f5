"""The figures under load: polls and uploads per second, taking turns with their floors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from bench.connection import Connection
from bench.database import copied_per_second
from bench.http1 import Answer, post
from bench.load import Driver, Load
from bench.progress import Progress
from bench.results import Result, result
from bench.statistics import percentile, spread
from bench.subject import Scale, Subject
from bench.target import Identity, Target
from bench.traffic import batches, reports

POLL, EVENTS = "/api/sensors/status", "/api/events"
SERVER, FLOOR = ("proxy", "web", "worker", "postgres"), ("floor-proxy", "floor-web")
"""The parts whose processor time is told, as the server names them."""
WARM_UP_SECONDS = 2.0
FIRST_SECONDS = 600.0
type Ask = Callable[[Connection], bytes]
type Accept = Callable[[Connection, Answer], bool]


@dataclass(frozen=True)
class Loads:
    """Runs loads of the whole fleet on one server and on its floor."""

    subject: Subject
    scale: Scale
    fleet: Sequence[Identity]
    progress: Progress

    def polls(self) -> Result:
        """`polls_unchanged_per_s`: every sensor has its desired state already."""
        name, report = "polls_unchanged_per_s", reports()

        def ask(connection: Connection) -> bytes:
            return post(connection.target.authority, POLL, report(), connection.etag)

        connections = self._connections(self.subject.target)
        self.progress.say("First polls")
        Driver(ask, _first_poll, self.scale.in_flight).run(connections, FIRST_SECONDS, len(connections))
        rounds = Rounds(self, ask, lambda _, answer: answer.status == HTTPStatus.NO_CONTENT, connections)
        loads, empty = rounds.run(name)
        rates = spread([load.per_second for load in loads])
        floor = spread([load.per_second for load in empty]) if empty else None
        conditions = f"{rates}; {self._conditions(loads)}"
        conditions += f"; floor: nginx, gunicorn and an empty view, {floor}{_shares(empty, FLOOR)}" if floor else ""
        return result(name, rates.median, conditions, floor.median if floor else None)

    def uploads(self, name: str, size: int) -> Result:
        """Events per second at so many for each POST; the floor is PostgreSQL's COPY, so many for each commit."""
        batch, database = batches(size), self.subject.database
        copies: list[float] = []

        def ask(connection: Connection) -> bytes:
            return post(connection.target.authority, EVENTS, batch())

        def stored(_: Connection, answer: Answer) -> bool:
            return answer.status == HTTPStatus.OK and answer.body.count(b'"stored"') == size

        def copy() -> None:
            if database is not None:
                copies.append(copied_per_second(database, size, self.scale.seconds / 2))

        rounds = Rounds(self, ask, stored, self._connections(self.subject.target), beside=copy)
        loads, empty = rounds.run(name)
        rates = spread([load.per_second * size for load in loads])
        floor = spread(copies) if copies else None
        conditions = f"{rates}; {size} for each POST; {self._conditions(loads)}"
        conditions += f"; floor: PostgreSQL's COPY of such rows, {size} for each commit, {floor}" if floor else ""
        if empty:
            conditions += f"; nginx, gunicorn and an empty view: {spread([load.per_second * size for load in empty])}"
        return result(name, rates.median, conditions, floor.median if floor else None)

    def floor_connections(self) -> list[Connection]:
        """Connections to the floor; none where there is no floor."""
        return self._connections(self.subject.floor) if self.subject.floor else []

    def _connections(self, target: Target) -> list[Connection]:
        return [Connection(target, target.context(identity), identity.sensor_id) for identity in self.fleet]

    def _conditions(self, loads: Sequence[Load]) -> str:
        milliseconds = [seconds * 1000 for load in loads for seconds in load.latencies]
        client = spread([load.client_microseconds for load in loads])
        return (
            f"{len(self.fleet)} sensors, kept-alive TLS with client certificates, {self.scale.in_flight} requests on "
            f"their way, {len(loads)} rounds of {self.scale.seconds:g} s; answered within "
            f"{percentile(milliseconds, 50):.1f} ms (median), {percentile(milliseconds, 95):.1f} ms (p95); the client, "
            f"on the same machine, takes {client.median:.0f} us of a processor for each request{_shares(loads, SERVER)}"
        )


@dataclass(frozen=True)
class Rounds:
    """Measured runs that take turns with runs of the floor, so that a noisy moment meets both."""

    loads: Loads
    ask: Ask
    accept: Accept
    connections: list[Connection]
    beside: Callable[[], None] = lambda: None

    def run(self, name: str) -> tuple[list[Load], list[Load]]:
        """The runs of the server and those of its floor."""
        scale, progress = self.loads.scale, self.loads.progress
        server = Driver(self.ask, self.accept, scale.in_flight)
        floor = Driver(self.ask, lambda _, answer: answer.status == HTTPStatus.NO_CONTENT, scale.in_flight)
        empty = self.loads.floor_connections()
        measured, floors = [], []
        try:
            server.run(self.connections, min(WARM_UP_SECONDS, scale.seconds))
            for number in range(1, scale.rounds + 1):
                measured.append(self._watched(server, self.connections, scale.seconds))
                if empty:
                    floors.append(self._watched(floor, empty, scale.seconds / 2))
                self.beside()
                progress.say(f"{name}, round {number} of {scale.rounds}: {measured[-1].per_second:,.0f} requests/s")
        finally:
            for connection in [*self.connections, *empty]:
                connection.close()
        return measured, floors

    def _watched(self, driver: Driver, connections: list[Connection], seconds: float) -> Load:
        processor = self.loads.subject.processor
        before = processor()
        load = driver.run(connections, seconds)
        load.processor = {part: used - before[part] for part, used in processor().items()}
        return load


def _shares(loads: Sequence[Load], parts: Sequence[str]) -> str:
    parts = [part for part in parts if part in loads[0].processor]
    shares = {part: spread([load.processor[part] / load.answers * 1e6 for load in loads]).median for part in parts}
    return "".join(f", {part} {share:.0f} us" for part, share in shares.items())


def _first_poll(connection: Connection, answer: Answer) -> bool:
    connection.etag = answer.etag
    return answer.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT} and bool(answer.etag)
