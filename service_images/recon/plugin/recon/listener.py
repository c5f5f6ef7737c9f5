"""Accepts every TCP connection, greets who waits, takes its first bytes and answers a line that means nothing."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from recon.packets import Seen

_SO_ORIGINAL_DST = 80
_ORIGINAL_4 = (socket.SOL_IP, _SO_ORIGINAL_DST, 16)
_AT_ONCE = 64
_MAX_CONNECTIONS = 512
_MAX_PER_SOURCE = 64
_PAYLOAD_BYTES = 4097
"""One byte more than an event takes, so that it is seen when there was more."""
_SILENCE_SECONDS = 3.0
_REST_SECONDS = 0.2
_BANNER_SECONDS = 0.2
"""A server that speaks first does so at once; who speaks before that did not wait for it."""
_ANSWER = b"\r\n"

type Tell = Callable[[Seen], None]


class Listener:
    """Connections that are open now, within bounds; beyond them connections are closed at once, but told."""

    def __init__(self, accepted: Tell, payload: Tell, banners: Mapping[int, bytes]) -> None:
        self._accepted = accepted
        self._payload = payload
        self._banners = banners
        self._open: Counter[str] = Counter()
        self._conversations: set[asyncio.Task[None]] = set()

    def accept(self, listener: socket.socket) -> None:
        """Take up the connections that wait; for the event loop to call when the listening socket is readable."""
        for _ in range(_AT_ONCE):
            try:
                connection, peer = listener.accept()
            except OSError:
                return  # none is left, or the attacker is gone
            seen = _ends(connection, peer)
            if seen is not None:
                self._accepted(seen)
            if seen is None or self._open.total() >= _MAX_CONNECTIONS or self._open[seen.source] >= _MAX_PER_SOURCE:
                connection.close()
                continue
            self._open[seen.source] += 1
            task = asyncio.get_running_loop().create_task(self._handle(seen, connection))
            self._conversations.add(task)
            task.add_done_callback(self._conversations.discard)

    async def _handle(self, seen: Seen, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(0)
            with suppress(OSError):  # the attacker is gone
                await self._converse(seen, connection)
        self._open[seen.source] -= 1
        if not self._open[seen.source]:
            del self._open[seen.source]

    async def _converse(self, seen: Seen, connection: socket.socket) -> None:
        banner = self._banners.get(seen.destination_port)
        data = await _first_bytes(connection, _SILENCE_SECONDS if banner is None else _BANNER_SECONDS)
        if not data:
            # Some clients wait for the server to speak first.
            await _answer(connection, banner or _ANSWER)
            data = await _first_bytes(connection, _SILENCE_SECONDS)
        if data:
            self._payload(seen._replace(payload=data))
            await _answer(connection, _ANSWER)


async def _answer(connection: socket.socket, answer: bytes) -> None:
    async with asyncio.timeout(_SILENCE_SECONDS):
        await asyncio.get_running_loop().sock_sendall(connection, answer)


async def _first_bytes(connection: socket.socket, patience: float) -> bytes:
    """Read what the client sends first, for a bounded size and these seconds; nothing when it is silent or gone."""
    data = b""
    while len(data) < _PAYLOAD_BYTES:
        try:
            async with asyncio.timeout(patience):
                chunk = await asyncio.get_running_loop().sock_recv(connection, _PAYLOAD_BYTES - len(data))
        except OSError:
            break  # silent (the time is over) or gone: what came before counts
        if not chunk:
            break
        data += chunk
        patience = _REST_SECONDS
    return data


def _ends(connection: socket.socket, peer: tuple[str, int]) -> Seen | None:
    """Tell who addressed what; None when the connection is gone already."""
    six = connection.family is socket.AF_INET6
    try:
        original = connection.getsockopt(*((socket.IPPROTO_IPV6, _SO_ORIGINAL_DST, 28) if six else _ORIGINAL_4))
    except OSError:
        return None
    port, address = struct.unpack_from("!2xH4x16s" if six else "!2xH4s", original)
    return Seen("tcp", peer[0], peer[1], socket.inet_ntop(connection.family, address), port, b"")
