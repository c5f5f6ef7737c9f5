"""Visitors of a honeypot, many at a time, in one cheap process: each says one thing and goes when it is answered.

`python -m bench.visitors` reads what to do as JSON and writes what it came to, so that a measurement's own work (taking
the honeypot's events) is not in the visitors' way.
"""

import json
import os
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.errors import BenchError

IN_FLIGHT = 32
"""Fewer than any honeypot lets one source have open at a time."""
ROOT = Path(__file__).parents[1]
_PATIENCE = 60.0
_CHUNK = 65_536


@dataclass(frozen=True)
class Visit:
    """One connection.

    Attributes:
        port: of the container.
        request: what is said at once; in text, a character for each byte.
        until: what a whole answer has in it, written alike; empty: the honeypot ends the connection.
        tls: whether all this is within TLS.
    """

    port: int
    request: str = ""
    until: str = ""
    tls: bool = False


@dataclass(frozen=True)
class Visits:
    """What a run came to: connections that were made, those that were answered, and what it took in all, in seconds."""

    made: int
    answered: int
    seconds: float
    processor: float
    answer: str = ""

    @property
    def per_second(self) -> float:
        """Answered connections per second."""
        return self.answered / self.seconds


def visits(address: str, visit: Visit, connections: int) -> Visits:
    """Pay so many visits, in a process of its own.

    Raises:
        BenchError: connections were refused, or answers stopped coming.
    """
    asked = json.dumps({"address": address, "visit": asdict(visit), "connections": connections})
    command = [sys.executable, "-m", "bench.visitors"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        raise BenchError(f"Visits to port {visit.port} failed: {(done.stderr.splitlines() or ['?'])[-1]}")
    return Visits(**json.loads(done.stdout))


def visit_all(address: str, visit: Visit, connections: int) -> Visits:
    """Pay so many visits, as many at a time as `IN_FLIGHT`.

    Raises:
        OSError: a connection was not taken, or nothing happened for a minute.
    """
    begun, processor = time.perf_counter(), time.process_time()
    made, answers, answer = 0, 0, b""
    with select.epoll() as poll:
        open_: dict[int, Generator[int, None, bytes]] = {}
        while made < connections or open_:
            while made < connections and len(open_) < IN_FLIGHT:
                made += 1
                connection = socket.socket()
                connection.setblocking(False)  # noqa: FBT003 - its only argument
                connection.connect_ex((address, visit.port))
                number = connection.fileno()
                open_[number] = _converse(connection, visit)
                poll.register(number, next(open_[number]))
            ready = poll.poll(_PATIENCE)
            if not ready:
                raise TimeoutError(f"{len(open_)} connections got no answer in {_PATIENCE:.0f} s")
            for number, _ in ready:
                try:
                    poll.modify(number, next(open_[number]))
                except StopIteration as end:  # its socket is closed, and so forgotten by the poll
                    del open_[number]
                    answers += bool(end.value)
                    answer = answer or end.value
    return Visits(made, answers, time.perf_counter() - begun, time.process_time() - processor, answer.decode("latin-1"))


def _converse(connection: socket.socket, visit: Visit) -> Generator[int, None, bytes]:
    """One visit; yields what it waits for, and gives the answer, empty if there was none."""
    request, until, answer = visit.request.encode("latin-1"), visit.until.encode("latin-1"), b""
    try:
        yield select.EPOLLOUT
        if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, os.strerror(error))
        if visit.tls:
            connection = _CONTEXT.wrap_socket(connection, do_handshake_on_connect=False)
            yield from _shaken(connection)
        if request:
            connection.sendall(request)  # so little fits into the buffer of a fresh connection
        elif not until:
            connection.shutdown(socket.SHUT_WR)
        while True:
            try:
                data = connection.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                yield select.EPOLLIN
                continue
            answer += data
            if until and until in answer:
                return answer
            if not data:
                return b"" if until else answer
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        return b""  # sent away
    finally:
        connection.close()


def _shaken(connection: ssl.SSLSocket) -> Generator[int, None, None]:
    while True:
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            yield select.EPOLLIN
        except ssl.SSLWantWriteError:
            yield select.EPOLLOUT
        else:
            return


_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_CONTEXT.check_hostname = False
_CONTEXT.verify_mode = ssl.CERT_NONE


if __name__ == "__main__":
    order = json.load(sys.stdin)
    json.dump(asdict(visit_all(order["address"], Visit(**order["visit"]), order["connections"])), sys.stdout)
