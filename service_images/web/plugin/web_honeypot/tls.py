"""TLS at the port for it: the certificate, a look at what a client says first, and how it is refused."""

import asyncio
import socket
import ssl
import subprocess
import sys
from asyncio import sslproto
from contextlib import suppress
from pathlib import Path

_CERTIFICATE_PATH = Path("/tmp/tls.pem")  # noqa: S108 - the container's own tmpfs
_HELLO_BYTES = 1024
HELLO_SECONDS = 20.0
_BUFFER_BYTES = 32 * 1024


def context() -> ssl.SSLContext:
    """Make the certificate and what secures connections with it."""
    # Python gives each connection a buffer of 256 KiB, though no record is longer than 16.
    sslproto.SSLProtocol.max_size = _BUFFER_BYTES
    subprocess.run([sys.executable, "-m", "web_honeypot.certificate", str(_CERTIFICATE_PATH)], check=True)  # noqa: S603 - our own module
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(_CERTIFICATE_PATH)
    secured.set_alpn_protocols(["http/1.1"])
    _CERTIFICATE_PATH.unlink()
    return secured


async def peek(connection: socket.socket) -> bytes:
    """Look at the first bytes without taking them."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(connection, _fulfil, readable)
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            await readable
        return connection.recv(_HELLO_BYTES, socket.MSG_PEEK)
    except OSError:
        return b""
    finally:
        loop.remove_reader(connection)


def alert(tls: ssl.SSLContext | None, hello: bytes) -> bytes:
    """Give the alert that a refused hello is due, which Python closes the connection without."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(hello)
    if tls is not None:
        with suppress(ssl.SSLError):
            tls.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
            return b""
    return outgoing.read()


def _fulfil(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
