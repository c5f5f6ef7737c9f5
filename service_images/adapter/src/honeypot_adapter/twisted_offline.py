"""Closes the ways out of a Twisted process; for honeypots that bring Twisted along, the runtime itself does not.

The sensor's netfilter rules drop what a honeypot opens; then a `wget` of the attacker would hang until it times out.
Here it fails at once, with the error a host without a way to the internet gives.
"""

import errno
import os
import socket
from typing import Any, NoReturn

from twisted.internet import defer, error, interfaces  # type: ignore[import-not-found]  # in the image only
from twisted.internet.base import BaseConnector  # type: ignore[import-not-found]  # in the image only
from twisted.names import client, common  # type: ignore[import-not-found]  # in the image only
from twisted.names.error import DNSServerError  # type: ignore[import-not-found]  # in the image only
from twisted.python.failure import Failure  # type: ignore[import-not-found]  # in the image only
from zope.interface import implementer  # type: ignore[import-not-found]  # in the image only


def refuse_connections(reactor: Any) -> None:
    """Make every outgoing connection and name lookup of this process fail at once.

    Args:
        reactor: Twisted's reactor (its interfaces are not typed).
    """
    reactor.connectTCP = _refused(reactor)
    reactor.connectSSL = _refused(reactor)
    reactor.listenUDP = _refuse_datagrams
    reactor.installResolver(_NoHosts())
    client.theResolver = _NoNames()
    socket.gethostbyaddr = _no_reverse_lookup


class _NoTransport:
    """Stands for the connection that is never made."""

    def failIfNotConnected(self, _reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: it failed already."""


class _RefusedConnector(BaseConnector):  # type: ignore[misc]  # the base class is in the image only
    """Fails as a host does that has no route."""

    def _makeTransport(self) -> _NoTransport:  # noqa: N802 - Twisted's name
        self.reactor.callLater(0, self.connectionFailed, Failure(error.NoRouteError()))
        return _NoTransport()

    def getDestination(self) -> None:  # noqa: N802 - Twisted's name
        """Have no destination."""


def _refused(reactor: Any) -> Any:
    def connect(_host: Any, _port: Any, factory: Any, *_rest: Any, **_options: Any) -> _RefusedConnector:
        connector = _RefusedConnector(factory, None, reactor)
        connector.connect()
        return connector

    return connect


class _NoDatagrams:
    """A UDP port that can send nothing."""

    def write(self, *_arguments: Any) -> NoReturn:
        """Fail as a host does that has no route."""
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def stopListening(self) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: it never listened."""


def _refuse_datagrams(_port: int, protocol: Any, *_rest: Any, **_options: Any) -> _NoDatagrams:
    port = _NoDatagrams()
    protocol.makeConnection(port)
    return port


def _no_reverse_lookup(_address: str) -> NoReturn:
    raise socket.herror(1, "Unknown host")


class _NoNames(common.ResolverBase):  # type: ignore[misc]  # the base class is in the image only
    """A resolver whose server always fails."""

    def _lookup(self, *_arguments: Any) -> defer.Deferred[Any]:
        return defer.fail(Failure(DNSServerError()))


@implementer(interfaces.IResolverSimple)
class _NoHosts:
    """The reactor's resolver, likewise."""

    def getHostByName(self, name: str, *_timeout: Any) -> defer.Deferred[str]:  # noqa: N802 - Twisted's name
        return defer.fail(Failure(error.DNSLookupError(f"{name}: Temporary failure in name resolution")))
