"""A connection as bytes in and out, with TLS or without.

It stands on the socket itself. asyncio's transports put buffers and a state machine of their own between TLS and the
socket, which costs each connection about as much as its cryptography, and keep back the alert that a refused client is
due.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

_LINGER_SECONDS = 1.0
_CHUNK = 16 * 1024


class Wire:
    """One client's connection; every wait is the caller's to bound. `OSError` says that the client is gone."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        self._socket = connection

    async def peek(self, size: int) -> bytes:
        """Look at the first bytes without taking them; none when the client has nothing to say."""
        return await self._soon(self._socket.recv, size, socket.MSG_PEEK)

    async def secure(self, tls: ssl.SSLContext) -> None:
        """Shake hands.

        Raises:
            OSError: the client does not, or not so; it has got its alert.
        """
        secured = tls.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        self._socket = secured
        await self._soon(secured.do_handshake)

    async def read(self, size: int) -> bytes:
        """Take what has come, at most that much; nothing when the client has ended."""
        return await self._soon(self._socket.recv, size)

    async def send(self, data: bytes) -> None:
        """Hand all of it to the kernel."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                await self._writable()
            except ssl.SSLWantReadError:
                await self._readable()

    async def end(self) -> None:
        """Say goodbye. What the client is still sending is taken for a moment, else it would lose the answer for it."""
        with suppress(OSError):
            with suppress(ssl.SSLError):
                if isinstance(self._socket, ssl.SSLSocket):
                    self._socket.unwrap()
            self._socket.shutdown(socket.SHUT_WR)
            rest = self._socket.recv(_CHUNK)
            async with asyncio.timeout(_LINGER_SECONDS):
                while rest:
                    rest = await self.read(_CHUNK)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    async def _soon[T](self, action: Callable[..., T], *arguments: int) -> T:
        while True:
            try:
                return action(*arguments)
            except (BlockingIOError, ssl.SSLWantReadError):
                await self._readable()
            except ssl.SSLWantWriteError:
                await self._writable()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._socket, _fulfil, ready)
        try:
            await ready
        finally:
            loop.remove_reader(self._socket)

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_writer(self._socket, _fulfil, ready)
        try:
            await ready
        finally:
            loop.remove_writer(self._socket)


def _fulfil(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
