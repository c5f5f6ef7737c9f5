"""The way in: bounds what a connection may use up, and tells what no protocol has understood."""

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import interfaces, protocol
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from honeypot_adapter.log import log
from netservices.frames import UnfitError
from netservices.journal import MAX_PAYLOAD, Ends, Journal, Visit

IDLE_SECONDS = 60
LONGEST_SECONDS = 900
MAX_BYTES = 64 * 1024 * 1024

type Speaker = Callable[[Visit], protocol.Protocol]
"""Makes the protocol that speaks with a visitor."""


def plain(address: str) -> str:
    """Undo what a socket for both versions makes of an IPv4 address."""
    return address.removeprefix("::ffff:")


def everywhere() -> str:
    """Give the address to listen on: that of IPv6, whose sockets take IPv4 too, where the machine has it."""
    return "::" if socket.has_dualstack_ipv6() else ""


class Door(WrappingFactory):
    """Lets visitors of one service in."""

    noisy = False

    def __init__(self, service: str, speaker: Speaker, journal: Journal, reactor: Any) -> None:
        super().__init__(protocol.Factory())
        self.service, self.speaker, self.journal, self.reactor = service, speaker, journal, reactor

    def buildProtocol(self, addr: Any) -> "Doorkeeper | None":  # noqa: N802 - Twisted's name
        """Take a visitor in, or send him away at once when there are too many."""
        return Doorkeeper(self, addr)


class Doorkeeper(ProtocolWrapper):
    """Between a connection and the protocol that speaks with it."""

    visit: Visit | None = None

    def __init__(self, door: Door, _address: Any) -> None:
        super().__init__(door, protocol.Protocol())
        self._head = b""
        self._received = 0
        self._timers: list[Any] = []

    def makeConnection(self, transport: interfaces.ITransport) -> None:  # noqa: N802 - Twisted's name
        """Open the visit and let the protocol begin."""
        here, peer = transport.getHost(), transport.getPeer()
        ends = Ends(self.factory.service, "tcp", (plain(peer.host), peer.port), (plain(here.host), here.port))
        self.visit = self.factory.journal.open(ends)
        if self.visit is None:
            transport.abortConnection()
            return
        self.wrappedProtocol = self.factory.speaker(self.visit)
        later = self.factory.reactor.callLater
        self._timers = [later(IDLE_SECONDS, self._leave), later(LONGEST_SECONDS, self._leave)]
        self._guarded(super().makeConnection, transport)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Pass bytes on, within the bounds."""
        if self.visit is None:
            return
        self._head += data[: MAX_PAYLOAD - len(self._head)]
        self._received += len(data)
        self._timers[0].reset(IDLE_SECONDS)
        if self._received > MAX_BYTES:
            self.visit.tell("request", text=f"{self._received} bytes; cut off")
            self._leave()
        else:
            self._guarded(super().dataReceived, data)

    def keep(self) -> None:
        """Know that the visitor is active, though not here."""
        if self._timers[0].active():
            self._timers[0].reset(IDLE_SECONDS)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Close the visit; tell what came where the protocol had nothing to say of it."""
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        if self.visit is None:
            return
        self._guarded(super().connectionLost, reason)
        if self._head and not self.visit.told:
            self.visit.tell("payload", self._head)
        self.visit.close()

    def _guarded(self, action: Callable[..., object], *arguments: Any) -> None:
        """Do it; what a protocol cannot cope with ends the visit and is told, never more."""
        try:
            action(*arguments)
        except Exception as error:  # noqa: BLE001 - attackers find the bugs of all protocols
            if not isinstance(error, UnfitError):
                log(f"{self.factory.service}: {error!r}")
            if self.visit is not None and self._head:
                self.visit.tell("payload", self._head)
            self._leave()

    def _leave(self) -> None:
        if self.transport is not None:
            self.transport.abortConnection()
