"""TCP connections of one protocol, within bounds."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

from honeypot_adapter.event import Contact, Severity
from plc.recorder import Recorder
from plc.reply import Dialogue, Told, asked

_MAX_CONNECTIONS = 512
_MAX_PER_SOURCE = 128
_SILENCE_SECONDS = 300.0

type Endpoint = tuple[str, int]


class Connections:
    """What all connections of a protocol share."""

    def __init__(self, name: str, prefix: str, start: Callable[[], Dialogue], recorder: Recorder) -> None:
        self.name = name
        self.start = start
        self.recorder = recorder
        self.open: Counter[str] = Counter()
        self._prefix = prefix
        self._count = 0

    def __call__(self) -> "Connection":
        """Make the protocol of one connection."""
        self._count += 1
        return Connection(self, f"{self.name.lower()}-{self._prefix}-{self._count}")


class Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, shared: Connections, session: str) -> None:
        self._shared = shared
        self._session = session
        self._reason = ""
        self._counted = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell of the contact at once."""
        self._transport = cast("asyncio.Transport", transport)
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._contact = contact_of(self._session, "tcp", peer, own)
        self._dialogue = self._shared.start()
        name, counts = self._shared.name, self._shared.open
        self._tell([Told("connection", Severity.LOW, "connection", f"{name} connection", f"{name} connection")])
        source = self._contact.source_ip
        if counts.total() >= _MAX_CONNECTIONS or counts[source] >= _MAX_PER_SOURCE:
            self._leave("too many connections at once")
            return
        counts[source] += 1
        self._counted = True
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._wait()
        try:
            replies = self._dialogue.take(data)
        except Exception as error:  # noqa: BLE001 - what attackers send fails in every way; none may go untold
            text = f"not {self._shared.name}: {error}"
            self._tell([asked("payload", text, text)], data)
            self._leave("the client spoke something else")
            return
        for reply in replies:
            self._tell(reply.told, reply.request)
            if reply.answer and not self._transport.is_closing():
                self._transport.write(reply.answer)

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell of the end."""
        if self._timer:
            self._timer.cancel()
        if self._counted:
            self._shared.open[self._contact.source_ip] -= 1
            self._shared.open += Counter()
        self._shared.recorder.closed(self._contact, self._reason or "by the client", self._shared.name)

    def _tell(self, told: list[Told] | tuple[Told, ...], request: bytes = b"") -> None:
        self._shared.recorder.tell(self._contact, told, request)

    def _wait(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_SILENCE_SECONDS, self._leave, "the client was silent")

    def _leave(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._transport.close()


def contact_of(session: str, protocol: str, peer: Endpoint, own: Endpoint) -> Contact:
    """Name both ends as they are, without what a socket for both versions makes of an IPv4 address."""
    return Contact(session, protocol, _plain(peer[0]), peer[1], _plain(own[0]), own[1])


def _plain(address: str) -> str:
    return address.removeprefix("::ffff:")
