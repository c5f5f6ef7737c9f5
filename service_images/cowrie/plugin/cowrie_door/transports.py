"""Stands in cowrie's doors: lets connections in within bounds, and turns further ones away as OpenSSH does."""

import time
from typing import Any

from cowrie.core.output import Output  # type: ignore[import-not-found]  # in the image only
from cowrie.ssh import transport as ssh  # type: ignore[import-not-found]  # in the image only
from cowrie.telnet import factory as telnet  # type: ignore[import-not-found]  # in the image only
from twisted.internet import task  # type: ignore[import-not-found]  # in the image only

from cowrie_door.admission import Admission, Guest
from cowrie_door.crowds import Crowds, Ends, Line

_TICK_SECONDS = 5.0
_EXCEEDED = b"Exceeded MaxStartups\r\n"
_HOST_KEYS = (b"rsa-sha2-512", b"rsa-sha2-256", b"ecdsa-sha2-nistp256", b"ssh-ed25519")
"""In OpenSSH's order; the first two are ways to use one key."""


def put_in(reactor: Any) -> None:
    """Let all connections begin so, and tell of those that find no room."""
    ssh.HoneyPotSSHTransport = SshTransport
    telnet.CowrieTelnetTransport = TelnetTransport
    task.LoopingCall(_tick).start(_TICK_SECONDS, now=False)
    reactor.addSystemEventTrigger("before", "shutdown", _tick, final=True)


class SshTransport(ssh.HoneyPotSSHTransport):  # type: ignore[misc]  # the base class is in the image only
    """One connection by SSH."""

    guest: Guest | None = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Begin, if there is room."""
        self.guest = _admitted("ssh", self.transport, _EXCEEDED)
        if self.guest is not None:
            keys = self.factory.privateKeys
            self.supportedPublicKeys = [each for each in _HOST_KEYS if _kind(each) in keys]
            super().connectionMade()

    def setService(self, service: Any) -> None:  # noqa: N802 - Twisted's name
        """Know who has logged in."""
        if service.name == b"ssh-connection" and self.guest is not None:
            self.guest.entered()
        super().setService(service)

    def connectionLost(self, *reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Make room."""
        if self.guest is not None:
            self.guest.left()
            super().connectionLost(*reason)


class TelnetTransport(telnet.CowrieTelnetTransport):  # type: ignore[misc]  # the base class is in the image only
    """One connection by Telnet; its protocol says when somebody has logged in."""

    guest: Guest | None = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Begin, if there is room."""
        self.guest = _admitted("telnet", self.transport, b"")
        if self.guest is not None:
            super().connectionMade()

    def connectionLost(self, *reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Make room."""
        if self.guest is not None:
            self.guest.left()
            super().connectionLost(*reason)


_ADMISSIONS = {"ssh": Admission(), "telnet": Admission()}
_CROWDS = Crowds()


def _admitted(protocol: str, transport: Any, refusal: bytes) -> Guest | None:
    here, peer = transport.getHost(), transport.getPeer()
    source, own = (each.host.removeprefix("::ffff:") for each in (peer, here))
    guest = _ADMISSIONS[protocol].came(source)
    if guest is None:
        transport.write(refusal)
        transport.loseConnection()
        _tell(_CROWDS.came(Ends(protocol, source, peer.port, own, here.port), time.monotonic()))
    return guest


def _tick(*, final: bool = False) -> None:
    _tell(_CROWDS.tick(time.monotonic(), final=final))


def _tell(lines: list[Line]) -> None:
    for line in lines:
        Output.dispatcher.dispatch(line)


def _kind(algorithm: bytes) -> bytes:
    return b"ssh-rsa" if algorithm.startswith(b"rsa-") else algorithm
