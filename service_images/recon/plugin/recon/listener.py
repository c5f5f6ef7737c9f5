"""Accepts every TCP connection, takes its first bytes and answers a line that means nothing."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable

from recon.packets import Seen

_SO_ORIGINAL_DST = 80
_BACKLOG = 4096
_MAX_CONNECTIONS = 512
_MAX_PER_SOURCE = 64
_PAYLOAD_BYTES = 4097
"""One byte more than an event takes, so that it is seen when there was more."""
_SILENCE_SECONDS = 3.0
_REST_SECONDS = 0.2
_ANSWER = b"\r\n"

type Tell = Callable[[Seen], None]


class Listener:
    """Connections that are open now, within bounds; beyond them connections are closed at once, but told."""

    def __init__(self, accepted: Tell, payload: Tell) -> None:
        self._accepted = accepted
        self._payload = payload
        self._open: Counter[str] = Counter()

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        """Accept on a listening socket to which all ports are redirected."""
        listener.settimeout(0)
        return await asyncio.start_server(self._handle, sock=listener, backlog=_BACKLOG, limit=_PAYLOAD_BYTES)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = _ends(writer)
        if seen is None:
            writer.transport.abort()
            return
        self._accepted(seen)
        if self._open.total() >= _MAX_CONNECTIONS or self._open[seen.source] >= _MAX_PER_SOURCE:
            writer.transport.abort()
            return
        self._open[seen.source] += 1
        try:
            await self._converse(seen, reader, writer)
        except OSError:
            pass  # the attacker is gone
        finally:
            self._open[seen.source] -= 1
            if not self._open[seen.source]:
                del self._open[seen.source]
            writer.close()

    async def _converse(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await _first_bytes(reader)
        if not data:
            # Some clients wait for the server to speak first.
            writer.write(_ANSWER)
            data = await _first_bytes(reader)
        if data:
            self._payload(seen._replace(payload=data))
            writer.write(_ANSWER)
            async with asyncio.timeout(_SILENCE_SECONDS):
                await writer.drain()


async def _first_bytes(reader: asyncio.StreamReader) -> bytes:
    """Read what the client sends first, for a bounded time and size; nothing when it is silent or gone."""
    data = b""
    patience = _SILENCE_SECONDS
    while len(data) < _PAYLOAD_BYTES:
        try:
            chunk = await asyncio.wait_for(reader.read(_PAYLOAD_BYTES - len(data)), patience)
        except TimeoutError:
            break
        if not chunk:
            break
        data += chunk
        patience = _REST_SECONDS
    return data


def _ends(writer: asyncio.StreamWriter) -> Seen | None:
    """Tell who addressed what; None when the connection is gone already."""
    connection = writer.get_extra_info("socket")
    peer = writer.get_extra_info("peername")
    if peer is None:
        return None
    try:
        original = connection.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16)
    except OSError:
        return None
    port, address = struct.unpack_from("!2xH4s", original)
    return Seen("tcp", peer[0], peer[1], socket.inet_ntoa(address), port, b"")
