"""Accepts connections on both ports, within bounds; beyond them connections are closed at once, but told."""

import asyncio
import socket
import ssl
import time
from collections import Counter

from honeypot_adapter.event import Observation, Payload, Severity
from honeypot_adapter.log import log
from web_honeypot.conversation import Conversation
from web_honeypot.persona import Persona
from web_honeypot.scribe import Scribe
from web_honeypot.visits import Ends
from web_honeypot.wire import Wire

_AT_ONCE = 64
_BACKLOG = 4096
_MAX_CONNECTIONS = 512
_MAX_PER_SOURCE = 192
_HELLO, _HELLO_BYTES, _HELLO_SECONDS = b"\x16", 1024, 20.0
_PLAIN = {
    "apache": "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n Instead use the HTTPS scheme "
    "to access this URL, please.",
    "nginx": "The plain HTTP request was sent to HTTPS port",
}


class Listener:
    """Connections that are open now."""

    def __init__(self, persona: Persona, scribe: Scribe) -> None:
        self._persona = persona
        self._scribe = scribe
        self._open: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(self, port: int, tls: ssl.SSLContext | None = None) -> socket.socket:
        """Begin to accept connections.

        Args:
            port: where to listen.
            tls: what to secure connections with.
        """
        listener = listening_socket(port)
        asyncio.get_running_loop().add_reader(listener, self._accept, listener, tls)
        return listener

    def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, peer = listener.accept()
                own = connection.getsockname()
            except OSError:
                return  # none is left, or the attacker is gone
            ends = Ends(_plain(peer[0]), peer[1], _plain(own[0]), own[1], tls is not None)
            self._scribe.connected(ends)
            if self._open.total() >= _MAX_CONNECTIONS or self._open[ends.source] >= _MAX_PER_SOURCE:
                self._tell(ends, "closed at once: too many are open", b"")
                connection.close()
                self._scribe.closed(ends)
                continue
            self._open[ends.source] += 1
            task = asyncio.get_running_loop().create_task(self._handle(Wire(connection), ends, tls))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _handle(self, wire: Wire, ends: Ends, tls: ssl.SSLContext | None) -> None:
        try:
            await self._converse(wire, ends, tls)
            await wire.end()
        except OSError:
            pass  # the attacker is gone
        except Exception as error:  # noqa: BLE001 - whatever it is, the honeypot goes on
            log(f"a conversation ended early: {error!r}")
            self._tell(ends, f"answered nothing: {type(error).__name__}", b"")
        finally:
            wire.close()
            self._open[ends.source] -= 1
            if not self._open[ends.source]:
                del self._open[ends.source]
            self._scribe.closed(ends)

    async def _converse(self, wire: Wire, ends: Ends, tls: ssl.SSLContext | None) -> None:
        conversation = Conversation(self._persona, ends, wire, self._scribe)
        if tls is not None:
            hello = await _hello(wire)
            if hello and not hello.startswith(_HELLO):
                await conversation.refuse(_PLAIN.get(self._persona.server, ""))
                return
            if not hello:
                self._tell(ends, "nothing sent", b"")
                return
            if not await self._secure(wire, tls, ends, hello):
                return
        await conversation.run()
        if not conversation.requests:
            self._tell(ends, "nothing sent", b"")

    async def _secure(self, wire: Wire, tls: ssl.SSLContext, ends: Ends, hello: bytes) -> bool:
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                await wire.secure(tls)
        except OSError as error:
            self._tell(ends, f"TLS failed: {getattr(error, 'reason', None) or type(error).__name__}", hello)
            return False
        return True

    def _tell(self, ends: Ends, what: str, data: bytes) -> None:
        protocol = "HTTPS" if ends.tls else "HTTP"
        text = f"{what} (from port {ends.source_port})"
        payload = Payload(data, None) if data else None
        said = Observation(
            time.time(), "connection", Severity.LOW, "connection", text, f"{protocol} connection: {what}", payload
        )
        self._scribe.told(ends, (said,))


async def _hello(wire: Wire) -> bytes:
    try:
        async with asyncio.timeout(_HELLO_SECONDS):
            return await wire.peek(_HELLO_BYTES)
    except OSError:
        return b""


def listening_socket(port: int) -> socket.socket:
    """Listen by IPv6 and IPv4 alike, or by IPv4 alone where there is nothing else."""
    try:
        listener = socket.socket(socket.AF_INET6)
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        address = "::"
    except OSError:
        listener, address = socket.socket(), "0.0.0.0"  # noqa: S104 - all addresses of its container
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(_BACKLOG)
    listener.settimeout(0)
    return listener


def _plain(address: str) -> str:
    """Undo what a socket for both versions makes of an IPv4 address, and leave out the interface of a local one."""
    return address.removeprefix("::ffff:").partition("%")[0]
