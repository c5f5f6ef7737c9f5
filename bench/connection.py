"""One kept-alive TLS connection that never blocks once it is open."""

import socket
import ssl
from collections import deque
from dataclasses import dataclass, field

from bench.errors import BenchError
from bench.http1 import Answer, Reader
from bench.target import Target

CONNECT_SECONDS = 20
CHUNK = 64 * 1024


@dataclass(eq=False)
class Connection:
    """A connection of one sensor (or of nobody); `etag` is what its last answer gave it.

    Attributes:
        begun: when the request that is on its way was sent.
        busy: whether there is one.
    """

    target: Target
    context: ssl.SSLContext
    sensor_id: int = 0
    etag: bytes = b""
    begun: float = 0.0
    busy: bool = False
    _socket: ssl.SSLSocket | None = None
    _outgoing: bytes = b""
    _reader: Reader = field(default_factory=Reader)

    def open(self) -> int:
        """Connect, if it is not, and return the file number.

        Raises:
            BenchError: the server does not let us in.
        """
        if self._socket is None:
            try:
                plain = socket.create_connection((self.target.host, self.target.port), CONNECT_SECONDS)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket = self.context.wrap_socket(plain, server_hostname=self.target.host)
                self._socket.settimeout(0)
            except OSError as error:
                raise BenchError(
                    f"{self.target.url}: no TLS connection ({error}). Check that the server runs, and the authority "
                    f"{self.target.ca_file}."
                ) from error
        return self._socket.fileno()

    def close(self) -> None:
        """Close it; opening again makes a new one."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._outgoing, self._reader, self.busy = None, b"", Reader(), False

    def send(self, request: bytes) -> bool:
        """Begin a request; whether all of it has gone out."""
        self._outgoing, self.busy = request, True
        return self.flush()

    def flush(self) -> bool:
        """Send what is left of the request; whether that was all."""
        assert self._socket is not None  # noqa: S101 - callers open first
        try:
            while self._outgoing:
                self._outgoing = self._outgoing[self._socket.send(self._outgoing) :]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return False
        return True

    def receive(self) -> Answer | None:
        """Take what has come; the answer once it is whole.

        Raises:
            ConnectionError: the other side has closed.
        """
        assert self._socket is not None  # noqa: S101 - callers open first
        try:
            while data := self._socket.recv(CHUNK):
                if answer := self._reader.feed(data):
                    self.busy = False
                    return answer
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLError, OSError) as error:
            raise ConnectionResetError(str(error)) from error
        raise ConnectionResetError("the server closed the connection")


def opened(connections: list[Connection]) -> deque[Connection]:
    """All of them connected, in their order."""
    for connection in connections:
        connection.open()
    return deque(connections)
