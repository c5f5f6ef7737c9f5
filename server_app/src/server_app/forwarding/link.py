"""A connection to a syslog receiver."""

import socket
import ssl
import termios
import time
from collections import deque
from fcntl import ioctl
from os import strerror
from struct import unpack

from server_app.forwarding.preferences import ForwardingSection, Transport

SECONDS = 5.0
"""For each step of connecting."""
STUCK_SECONDS = 20.0
"""After which a receiver that takes nothing is given up."""
AT_ONCE = 64 * 1024
LOOK_AGAIN = 0.002
MOST_CHARACTERS = 300
DOUBT_SECONDS = 10.0
"""A receiver has this long to read what its machine has taken; syslog has no word for having done so."""


class Undeliverable(Exception):  # noqa: N818 - it says what is the matter
    """The receiver cannot be reached, or has gone; the text says which step failed, and why."""


class Link:
    """An open connection.

    Args:
        section: where to.

    Raises:
        Undeliverable: there is none to be had.
    """

    def __init__(self, section: ForwardingSection) -> None:
        self.section = section
        self._where = f"{section.host}:{section.port}"
        self._doubtful: deque[tuple[float, int]] = deque()
        self._socket = self._open()

    def send(self, data: bytes, before: int) -> None:
        """Send messages, and wait until the receiver's machine has taken all of them.

        Args:
            data: framed messages.
            before: the number of the last event before them, for `doubtful_from`.

        Raises:
            Undeliverable: it did not.
        """
        if self.ended():
            raise Undeliverable(f"{self._where}: the receiver has closed the connection")
        self._doubtful.append((time.monotonic(), before))
        self._forget_read()
        try:
            for begin in range(0, len(data), AT_ONCE):
                self._socket.sendall(data[begin : begin + AT_ONCE])
            self._wait_until_taken()
        except OSError as error:
            raise self._undeliverable("sending", error) from error

    def ended(self) -> bool:
        """Whether the receiver has said good-bye: then it has read all that its machine had taken.

        Raises:
            Undeliverable: it has gone without a word, or with an angry one.
        """
        try:
            self._socket.settimeout(0)
            ended = self._socket.recv(AT_ONCE) == b""
        except (BlockingIOError, ssl.SSLWantReadError):
            ended = False
        except OSError as error:
            raise self._undeliverable("sending", error) from error
        finally:
            self._socket.settimeout(STUCK_SECONDS)
        if ended:
            self._doubtful.clear()
        return ended

    def doubtful_from(self, otherwise: int) -> int:
        """The number of the event after which a receiver that is gone may not have read what it was sent."""
        self._forget_read()
        return min(self._doubtful[0][1], otherwise) if self._doubtful else otherwise

    def close(self) -> None:
        """Say good-bye, and wait a little for the receiver to have read everything."""
        try:
            self._socket.settimeout(SECONDS)
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket = self._socket.unwrap()
            self._socket.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + SECONDS
            while self._socket.recv(AT_ONCE) and time.monotonic() < deadline:
                pass
        except (OSError, ValueError):
            pass  # it has gone first
        finally:
            self._socket.close()

    def drop(self) -> None:
        """Leave without a word, after a failure."""
        self._socket.close()

    def _open(self) -> socket.socket:
        section, step = self.section, "connecting"
        try:
            plain = socket.create_connection((section.host, section.port), SECONDS)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
            if section.transport is Transport.TCP:
                return plain
            step = "TLS"
            try:
                context = ssl.create_default_context(cadata=section.ca or None)
                return context.wrap_socket(plain, server_hostname=section.host)
            except BaseException:
                plain.close()
                raise
        except UnicodeError as error:
            raise Undeliverable(f"{self._where}: this cannot be the name of a host") from error
        except OSError as error:
            raise self._undeliverable(step, error) from error

    def _wait_until_taken(self) -> None:
        left, since = self._unacknowledged(), time.monotonic()
        while left:
            if broken := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(broken, strerror(broken))
            if time.monotonic() - since > STUCK_SECONDS:
                raise TimeoutError
            time.sleep(LOOK_AGAIN)
            now_left = self._unacknowledged()
            if now_left < left:
                left, since = now_left, time.monotonic()

    def _unacknowledged(self) -> int:
        number: int = unpack("i", ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
        return number

    def _forget_read(self) -> None:
        while self._doubtful and time.monotonic() - self._doubtful[0][0] > DOUBT_SECONDS:
            self._doubtful.popleft()

    def _undeliverable(self, step: str, error: OSError) -> Undeliverable:
        step = "TLS" if isinstance(error, ssl.SSLError) else step
        return Undeliverable(f"{self._where}: {step}: {_why(error)}"[:MOST_CHARACTERS])


def _why(error: OSError) -> str:
    match error:
        case socket.gaierror():
            return "the name of the host is not known"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"refused: {error.reason or error}"
        case TimeoutError():
            return "no answer in time"
        case _:
            return error.strerror or str(error)
