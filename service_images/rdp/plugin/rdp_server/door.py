"""Takes connections, within bounds, and brings them as far as TLS."""

import base64
from collections import Counter
from contextlib import suppress
from typing import Any

from twisted.internet import protocol  # type: ignore[import-not-found]  # in the image only

from rdp_server import negotiation
from rdp_server.journal import Journal
from rdp_server.login import Clear, Login, NetworkLevel
from rdp_server.persona import Persona

_MAX_CONNECTIONS = 512
_MAX_PER_SOURCE = 128
_SECONDS = 60.0
"""A client that has not logged in by then is sent away, as Windows does."""
_MAX_UNDERSTOOD = 4096


class Doors(protocol.Factory):  # type: ignore[misc]  # the base class is in the image only
    """What all connections share."""

    noisy = False

    def __init__(self, reactor: Any, persona: Persona, tls: Any, journal: Journal) -> None:
        self.reactor = reactor
        self.persona = persona
        self.tls = tls
        self.journal = journal
        self.open: Counter[str] = Counter()
        self._count = 0
        # Sessions must not repeat after a restart, whose counting begins anew.
        self._prefix = base64.b32hexencode(int(reactor.seconds() * 1000).to_bytes(6)).decode().rstrip("=").lower()

    def buildProtocol(self, _address: Any) -> "Door":  # noqa: N802 - Twisted's name
        """Make the protocol of one connection."""
        self._count += 1
        return Door(self, f"rdp-{self._prefix}-{self._count}")


class Door(protocol.Protocol):  # type: ignore[misc]  # the base class is in the image only
    """One connection: the request, TLS, and then the login."""

    def __init__(self, shared: Doors, session: str) -> None:
        self._shared = shared
        self._session = session
        self._buffer = b""
        self._login: Login | None = None
        self._timer: Any = None
        self._counted = False
        self._reason = ""

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Tell of the contact at once."""
        peer, own = self.transport.getPeer(), self.transport.getHost()
        self._source = peer.host
        self._tell("connect", source=peer.host, source_port=peer.port, destination=own.host, destination_port=own.port)
        counts = self._shared.open
        if counts.total() >= _MAX_CONNECTIONS or counts[self._source] >= _MAX_PER_SOURCE:
            self._leave("too many connections at once")
            return
        counts[self._source] += 1
        self._counted = True
        self._timer = self._shared.reactor.callLater(_SECONDS, self._leave, "the client did nothing more")

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Take what the client says, before TLS and within it."""
        try:
            if self._login is not None:
                self._login.received(data)
            else:
                self._negotiate(data)
        except Exception as error:  # noqa: BLE001 - rdpy's parsers fail in every way that an attacker can think of
            self._not_understood(data, error)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Tell of the end."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._counted:
            self._shared.open[self._source] -= 1
            if not self._shared.open[self._source]:
                del self._shared.open[self._source]
        clean = reason.type.__name__ in {"ConnectionDone", "ConnectionAborted"}
        self._tell("closed", reason=self._reason or ("" if clean else str(reason.value)[:200]))

    def _negotiate(self, data: bytes) -> None:
        self._buffer += data
        length = negotiation.packet_length(self._buffer)
        if length is None or len(self._buffer) < length:
            return
        packet, rest = self._buffer[:length], self._buffer[length:]
        request = negotiation.parse(packet)
        chosen = negotiation.choose(request.protocols, nla=self._shared.persona.nla)
        cookie = None if request.cookie is None else request.cookie.decode("latin-1")
        self._tell("request", cookie=cookie, protocols=negotiation.names(request.protocols))
        self.transport.write(negotiation.answer(chosen, windows=self._shared.persona.nla))
        if chosen is None:
            self._leave("the client does not speak TLS")
            return
        self.transport.startTLS(self._shared.tls)
        if chosen == negotiation.SSL:
            self._login = Clear(request.protocols or 0, self._tell, self.transport, self._leave)
        else:
            self._login = NetworkLevel(self._shared.persona, self._tell, self.transport.write, self._leave)
        if rest:
            self.transport.protocol.dataReceived(rest)

    def _not_understood(self, data: bytes, error: Exception) -> None:
        payload = base64.b64encode(data[: _MAX_UNDERSTOOD + 1]).decode()
        self._tell("strange", reason=f"{type(error).__name__}: {error}"[:200], payload=payload)
        if self._login is None and not self._shared.persona.nla:
            self.transport.write(negotiation.FAREWELL_OF_OTHERS)
        self._leave("the client did not speak RDP")

    def _leave(self, reason: str = "") -> None:
        self._reason = self._reason or reason
        with suppress(AttributeError):  # the connection is gone already
            self.transport.loseConnection()

    def _tell(self, event: str, **fields: object) -> None:
        self._shared.journal.tell(event, self._session, **fields)
