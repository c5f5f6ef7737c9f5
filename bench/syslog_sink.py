"""Takes syslog messages over TCP and counts them, as a process of its own: the load generator has none to spare.

It prints its port, and for each line on its standard input how many messages have arrived.
"""

import selectors
import socket
import sys
from dataclasses import dataclass

CHUNK = 1 << 20
QUESTION = "question"


@dataclass
class Counter:
    """Counts messages framed by octet counting, in whatever pieces they come."""

    messages: int = 0
    _left: int = 0
    _length: bytes = b""

    def feed(self, data: bytes) -> None:
        """Count the messages that end in these bytes."""
        place = 0
        while place < len(data):
            if self._left:
                taken = min(self._left, len(data) - place)
                self._left -= taken
                place += taken
                self.messages += not self._left
                continue
            space = data.find(b" ", place)
            if space < 0:
                self._length += data[place:]
                return
            self._left, self._length = int(self._length + data[place:space]), b""
            place = space + 1


def main(address: str) -> None:
    """Serve until standard input ends."""
    counters: dict[socket.socket, Counter] = {}
    counted = 0
    with socket.create_server((address, 0)) as listener, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ, QUESTION)
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            for key, _ in selector.select():
                if key.data == QUESTION:
                    if not sys.stdin.readline():
                        return
                    sys.stdout.write(f"{counted + sum(one.messages for one in counters.values())}\n")
                    sys.stdout.flush()
                elif key.fileobj is listener:
                    connection, _ = listener.accept()
                    counters[connection] = Counter()
                    selector.register(connection, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket):
                    data = _received(key.fileobj)
                    counters[key.fileobj].feed(data)
                    if not data:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
                        counted += counters.pop(key.fileobj).messages


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(CHUNK)
    except ConnectionError:
        return b""


if __name__ == "__main__":
    main(sys.argv[1])
