"""Begins a Telnet session as Linux's telnetd does; cowrie's own first bytes are in the scanners' lists of honeypots."""

from typing import Any

from cowrie.telnet import factory  # type: ignore[import-not-found]  # in the image only
from cowrie.telnet.userauth import NEW_ENVIRON, HoneyPotTelnetAuthProtocol  # type: ignore[import-not-found]  # likewise
from twisted.conch.telnet import NAWS  # type: ignore[import-not-found]  # in the image only
from twisted.internet import defer, reactor  # type: ignore[import-not-found]  # in the image only

_TERMINAL_TYPE, _TERMINAL_SPEED, _X_DISPLAY = b"\x18", b"\x20", b"\x23"
_ASKED_FOR = (_TERMINAL_TYPE, _TERMINAL_SPEED, _X_DISPLAY, NEW_ENVIRON)
_SEND = b"\x01"
_SECONDS = 1.0
"""The real one waits for the answers for ever; but there are attackers who never answer, and yet log in."""


def put_in(host_name: str) -> None:
    """Let all connections begin so, and ask who logs in on this host."""
    HoneyPotTelnetAuthProtocol.loginPrompt = f"{host_name} login: ".encode()
    factory.HoneyPotTelnetAuthProtocol = Telnetd


class Telnetd(HoneyPotTelnetAuthProtocol):  # type: ignore[misc]  # the base class is in the image only
    """Asks for four options, and greets when all are answered."""

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Ask; what the client is told comes later."""
        self.environ_received: dict[str, str] = {}
        self.windowSize = [40, 80]
        self.transport.negotiationMap[NAWS] = self.telnet_NAWS
        self.transport.negotiationMap[NEW_ENVIRON] = self.telnet_NEW_ENVIRON
        self._greeted = False
        answers = [self.transport.do(option) for option in _ASKED_FOR]
        answers[-1].addCallback(self._ask_for_environment)
        self._timer: Any = reactor.callLater(_SECONDS, self._greet)
        defer.DeferredList(answers, consumeErrors=True).addCallback(self._greet)

    def enableRemote(self, option: bytes) -> bool:  # noqa: N802 - Twisted's name
        """Accept what was asked for."""
        return option in _ASKED_FOR or bool(super().enableRemote(option))

    def telnet_User(self, line: bytes) -> str:  # noqa: N802 - Twisted's name
        """Take the name, also of those who do not wait until they are asked."""
        self._greet()
        return str(super().telnet_User(line))

    def _cbLogin(self, ial: Any) -> None:  # noqa: N802 - Twisted's name
        """Know who has logged in."""
        self.transport.guest.entered()
        super()._cbLogin(ial)

    def connectionLost(self, *reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Greet nobody any more."""
        self._greeted = True
        self._forget_timer()
        super().connectionLost(*reason)

    def _ask_for_environment(self, _answer: object) -> None:
        self.transport.requestNegotiation(NEW_ENVIRON, _SEND)

    def _greet(self, _answers: object = None) -> None:
        if self._greeted:
            return
        self._greeted = True
        self._forget_timer()
        asked = self.transport.doChain(NAWS)
        if asked is None:
            return  # the client is going, and the questions to it end with it
        asked.addErrback(lambda _refusal: None)
        self.transport.write(self.factory.banner.replace(b"\n", b"\r\r\n"))
        self.transport.write(self.loginPrompt)

    def _forget_timer(self) -> None:
        if self._timer.active():
            self._timer.cancel()
