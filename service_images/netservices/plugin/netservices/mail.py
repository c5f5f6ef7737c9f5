"""What the mail protocols share: lines of text, and the two ways to say a password that all clients know."""

import base64
import binascii
from collections.abc import Callable

from twisted.protocols.basic import LineReceiver

from netservices.journal import Visit

MAX_LINE = 8192
_MAX_FAILURES = 4


class Mail(LineReceiver):
    """A connection that takes commands by lines; `take` is replaced while an answer to a question is awaited."""

    MAX_LENGTH = MAX_LINE
    delimiter = b"\n"

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._failures = 0
        self._awaits: Callable[[bytes], None] | None = None

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Give the line to whoever waits for it."""
        line = line.removesuffix(b"\r")
        if self._awaits is not None:
            take, self._awaits = self._awaits, None
            take(line)
        else:
            self.command(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Tell what has no end."""
        self._visit.tell("request", line, text="a line that is too long")
        self.transport.loseConnection()

    def command(self, line: bytes) -> None:
        """Answer a command."""
        raise NotImplementedError

    def say(self, *lines: str) -> None:
        """Write lines."""
        self.transport.write("".join(f"{line}\r\n" for line in lines).encode())

    def sasl(self, method: str, first: str, ask: Callable[[str], None], refuse: Callable[[], None]) -> bool:
        """Hear a password by PLAIN or LOGIN.

        Args:
            method: its name.
            first: what came with the command.
            ask: writes a question, in base64.
            refuse: says that the login has failed.

        Returns:
            Whether there is such a method.
        """
        if method == "PLAIN":

            def plain(line: bytes) -> None:
                _, user, password, *_ = [*decoded(line).split("\0"), "", ""]
                self.login(user, password, refuse)

            self._hear(first, plain, "", ask)
        elif method == "LOGIN":

            def user(line: bytes) -> None:
                self._awaits = lambda secret: self.login(decoded(line), decoded(secret), refuse)
                ask("UGFzc3dvcmQ6")

            self._hear(first, user, "VXNlcm5hbWU6", ask)
        else:
            return False
        return True

    def login(self, user: str, password: str, refuse: Callable[[], None]) -> None:
        """Tell and refuse a login."""
        self._visit.tell("login", username=user, password=password, accepted=False)
        self._failures += 1
        refuse()
        if self._failures >= _MAX_FAILURES:
            self.transport.loseConnection()

    def _hear(self, first: str, take: Callable[[bytes], None], question: str, ask: Callable[[str], None]) -> None:
        if first:
            take(first.encode())
        else:
            self._awaits = take
            ask(question)


def decoded(line: bytes) -> str:
    """Undo base64; what is none is given as it is."""
    try:
        return base64.b64decode(line, validate=True).decode("utf-8", "backslashreplace")
    except (binascii.Error, ValueError):
        return text(line)


def text(line: bytes) -> str:
    """Give bytes as text."""
    return line.decode("utf-8", "backslashreplace")
