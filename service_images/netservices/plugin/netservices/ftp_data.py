"""Data connections of FTP: only such as the visitor opens, to one of a few ports that the sensor offers as well."""

import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

from twisted.internet import error, reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.basic import FileSender

from netservices.door import everywhere, plain

PASSIVE_PORTS = range(50100, 50132)
"""Those of `portRanges` in metadata.xml."""

WAIT_SECONDS = 30.0
_BACKLOG = 4


class DataConnection(Protocol):
    """From the passive port's opening until the transfer's end. `use` says what shall be transferred."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._start: Callable[[], None] | None = None
        self._failed: Callable[[], None] | None = None
        self._take: Callable[[bytes], None] | None = None
        self._ended: Callable[[], None] | None = None
        self._waiting: list[bytes] = []
        self._over = False
        self.used = False
        self.sent = False
        self._port: Any = None
        self._timer: Any = None

    def listen(self) -> int | None:
        """Open one of the ports; None: all are in use."""
        factory = Factory.forProtocol(lambda: None)
        factory.noisy = False
        factory.buildProtocol = self._let_in
        for port in random.sample(PASSIVE_PORTS, len(PASSIVE_PORTS)):
            try:
                self._port = reactor.listenTCP(port, factory, _BACKLOG, everywhere())
            except error.CannotListenError:
                continue
            self._timer = reactor.callLater(WAIT_SECONDS, self.close)
            return port
        return None

    def use(
        self,
        start: Callable[[], None],
        failed: Callable[[], None],
        take: Callable[[bytes], None] | None,
        ended: Callable[[], None],
    ) -> None:
        """Begin as soon as the visitor has connected.

        Args:
            start: called then.
            failed: called instead when he does not come.
            take: takes his bytes; None: there are none to be taken.
            ended: called when the connection is over.
        """
        self.used = True
        self._failed, self._take, self._ended = failed, take, ended
        if self.connected:
            self._begin(start)
        elif self._port is None:
            failed()
        else:
            self._start = start

    def send(self, data: bytes, keep: Callable[[], None]) -> None:
        """Send all of it, as fast as the visitor takes it, and close; `keep` is called with each piece."""

        def piece(content: bytes) -> bytes:
            keep()
            return content

        done = FileSender().beginFileTransfer(BytesIO(data), self.transport, piece)
        done.addCallbacks(self._all_sent, lambda _gone: None)

    def _all_sent(self, _last: object) -> None:
        self.sent = True
        self.transport.loseConnection()

    def close(self) -> None:
        """End it, whatever is open."""
        self._stop_listening()
        if self.connected and not self._over:
            self.transport.abortConnection()
            self._finish()
        elif self._start is not None and self._failed is not None:
            self._start = None
            self._failed()

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Begin what has been asked for."""
        if self._start is not None:
            start, self._start = self._start, None
            self._begin(start)
        else:
            self.transport.pauseProducing()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Pass bytes on."""
        if not self.used:
            self._waiting.append(data)
        elif self._take is not None and not self._over:
            self._take(data)

    def connectionLost(self, reason: Any) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Tell the end, once."""
        if self._timer.active():
            self._timer.cancel()
        self._finish()

    def _finish(self) -> None:
        self._over = True
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()

    def _begin(self, start: Callable[[], None]) -> None:
        if self._timer.active():
            self._timer.cancel()  # from now on it lasts as long as the control connection
        start()
        if self._over:
            self._finish()
            return
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self.dataReceived(data)
        self.transport.resumeProducing()

    def _let_in(self, address: Any) -> "DataConnection | None":
        if plain(address.host) != self._peer or self.connected:
            return None
        self._stop_listening()
        self._timer = reactor.callLater(WAIT_SECONDS, self.close)
        return self

    def _stop_listening(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._port is not None:
            self._port.stopListening()
            self._port = None
