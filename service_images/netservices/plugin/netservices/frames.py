"""What the binary protocols share: a buffer that gives messages when they are complete."""

from twisted.internet.protocol import Protocol

from netservices.journal import Visit

MAX_MESSAGE = 64 * 1024


class UnfitError(ValueError):
    """The visitor does not speak this protocol."""


class Messages(Protocol):
    """A protocol of messages: subclasses say how long the next one is and what it means."""

    longest = MAX_MESSAGE

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._buffer = b""
        self._left = False

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Give complete messages to `message`."""
        self._buffer += data
        while self._buffer and not self._left:
            length = self.length(self._buffer)
            if length is None or len(self._buffer) < length:
                if max(length or 0, len(self._buffer)) > self.longest:
                    raise UnfitError("a message is too long")
                return
            message, self._buffer = self._buffer[:length], self._buffer[length:]
            self.message(message)

    def length(self, buffer: bytes) -> int | None:
        """Tell how many bytes the message at the beginning of the buffer has; None when that cannot be seen yet."""
        raise NotImplementedError

    def message(self, message: bytes) -> None:
        """Take up a complete message."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Write to the visitor."""
        self.transport.write(data)

    def leave(self) -> None:
        """Send what is written, close, and heed nothing more."""
        self._left = True
        self.transport.loseConnection()
