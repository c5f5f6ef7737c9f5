"""The load generator: many kept-alive connections, so many requests on their way at a time, in one cheap process."""

import select
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.connection import Connection, opened
from bench.errors import BenchError
from bench.http1 import Answer

DRAIN_SECONDS = 60
SHOWN = 300


@dataclass
class Load:
    """What a run came to: answers within its time, and what the client itself used."""

    seconds: float = 0.0
    until: float = 0.0  # when the time is over; not before the first answer
    client_cpu: float = 0.0  # seconds
    answers: int = 0
    reconnected: int = 0
    latencies: list[float] = field(default_factory=list)  # seconds, of answers within the time
    statuses: Counter[int] = field(default_factory=Counter)
    processor: dict[str, float] = field(default_factory=dict)  # seconds that each part of the server used

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    @property
    def client_microseconds(self) -> float:
        """The client's own processor time for one request, in microseconds."""
        return self.client_cpu / max(self.answers, 1) * 1e6


class Driver:
    """Keeps `in_flight` requests on their way, each connection in its turn.

    Args:
        ask: makes the next request of a connection.
        accept: looks at an answer; false ends the run with what the server said.
        in_flight: requests on their way at a time.
    """

    def __init__(
        self, ask: Callable[[Connection], bytes], accept: Callable[[Connection, Answer], bool], in_flight: int
    ) -> None:
        self._ask = ask
        self._accept = accept
        self._in_flight = in_flight
        self._by_number: dict[int, Connection] = {}

    def run(self, connections: Sequence[Connection], seconds: float, requests: int | None = None) -> Load:
        """Load the server for some time, or until so many requests have been answered.

        Raises:
            BenchError: an answer was refused, or answers stopped coming.
        """
        idle = opened(list(connections))
        self._by_number = {connection.open(): connection for connection in idle}
        load, busy, left = Load(), 0, requests if requests is not None else 1 << 62
        with select.epoll() as poll:
            for number in self._by_number:
                poll.register(number, select.EPOLLIN)
            began, processor = time.perf_counter(), time.process_time()
            load.until = began + seconds
            while (running := time.perf_counter() < load.until and left > 0) or busy:
                while running and idle and busy < self._in_flight and left > 0:
                    self._begin(poll, idle.popleft(), load)
                    busy, left = busy + 1, left - 1
                if not running and time.perf_counter() > load.until + DRAIN_SECONDS:
                    raise BenchError(f"{busy} requests got no answer in {DRAIN_SECONDS} s: look at the server's log.")
                for number, events in poll.poll(1.0):
                    busy -= self._progress(poll, number, events, load, idle)
            load.seconds = min(time.perf_counter(), load.until) - began
            load.client_cpu = time.process_time() - processor
        return load

    def _begin(self, poll: select.epoll, connection: Connection, load: Load) -> None:
        number = connection.open()
        if number not in self._by_number:  # closed while it was idle
            self._by_number[number] = connection
            poll.register(number, select.EPOLLIN)
            load.reconnected += 1
        connection.begun = time.perf_counter()
        if not connection.send(self._ask(connection)):
            poll.modify(number, select.EPOLLIN | select.EPOLLOUT)

    def _progress(self, poll: select.epoll, number: int, events: int, load: Load, idle: deque[Connection]) -> int:
        """Let one connection go on; 1 when its request has been answered."""
        connection = self._by_number[number]
        if events & select.EPOLLOUT and connection.flush():
            poll.modify(number, select.EPOLLIN)
        try:
            answer = connection.receive()
        except ConnectionError as error:
            if connection.busy:
                raise BenchError(f"The server hung up in the middle of a request: {error}. Look at its log.") from error
            self._drop(poll, number)
            return 0
        if answer is None:
            return 0
        moment = time.perf_counter()
        load.statuses[answer.status] += 1
        if not self._accept(connection, answer):
            said = answer.body[:SHOWN].decode(errors="replace")
            raise BenchError(f"{connection.target.url} answered {answer.status}: {said}")
        if moment <= load.until or not load.answers:
            load.until = max(load.until, moment)
            load.answers += 1
            load.latencies.append(moment - connection.begun)
        if answer.closes:
            self._drop(poll, number)
        idle.append(connection)
        return 1

    def _drop(self, poll: select.epoll, number: int) -> None:
        poll.unregister(number)
        self._by_number.pop(number).close()
