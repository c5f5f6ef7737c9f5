"""A syslog receiver for the length of a test: real sockets, octet counting, TLS if wanted."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from struct import pack
from threading import Condition, Event, Thread
from typing import Any

from patience import PATIENCE

RESET = pack("ii", 1, 0)
"""Of SO_LINGER: closing sends a reset instead of a good-bye."""


@dataclass
class Receiver:
    """Listens on a port of 127.0.0.1 that it keeps, however often it is stopped.

    Attributes:
        reads: while this is not set, it takes connections and reads nothing.
        pauses_at: so many messages, after which it stops reading.
        messages: all that has been read, without the length in front.
    """

    context: ssl.SSLContext | None = None
    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    connections: int = 0
    reads: Event = field(default_factory=Event)
    pauses_at: int | None = None
    _news: Condition = field(default_factory=Condition)
    _listener: socket.socket | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self.reads.set()
        self._run(self._accept, self._listener)

    def stop(self, *, abruptly: bool = False) -> None:
        """Hang up and listen no more; abruptly is as if it crashed with data it has not read."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.hang_up(abruptly=abruptly)
        self.reads.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._threads.clear()

    def hang_up(self, *, abruptly: bool = False) -> None:
        for connection in self._open:
            with suppress(OSError):  # the other side was first
                if abruptly:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.shutdown(socket.SHUT_RD if abruptly else socket.SHUT_RDWR)
        self._open.clear()

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        """The JSON of all messages, once there are so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.messages) >= number, PATIENCE), f"only {len(self.messages)}"
        return self.documents

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(message[message.index(b"{") :]) for message in self.messages]

    @property
    def summaries(self) -> list[str]:
        return [document["message"] for document in self.documents]

    def _run(self, work: Any, *arguments: Any) -> None:
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            self._run(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        try:
            connection = self.context.wrap_socket(plain, server_side=True) if self.context else plain
        except OSError:
            plain.close()
            return
        self.connections += 1
        self._open.append(connection)
        if self._listener is None:  # it was stopped before this one was known
            self.hang_up()
        with connection, connection.makefile("rb") as stream:
            try:
                while self.reads.wait(PATIENCE) and (message := _framed(stream)) is not None:
                    with self._news:
                        self.messages.append(message)
                        if len(self.messages) == self.pauses_at:
                            self.reads.clear()
                        self._news.notify_all()
            except (OSError, ValueError):
                pass


def _framed(stream: Any) -> bytes | None:
    length = b""
    while (digit := stream.read(1)) not in {b" ", b""}:
        length += digit
    return stream.read(int(length)) if length else None


@contextmanager
def receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """One that listens."""
    found = Receiver(context)
    found.start()
    try:
        yield found
    finally:
        found.stop()
