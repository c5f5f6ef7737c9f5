"""What nginx does in front of the server, in a few lines: TLS, and the client's certificate as a header (RFC 9440)."""

import asyncio
import base64
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


@contextmanager
def bench_front(tls: Path, upstream: int) -> Iterator[int]:
    """Listen for TLS with the server's own certificate, until the end.

    Args:
        tls: the folder that `server-app init` filled.
        upstream: the port of the plain HTTP server.

    Yields:
        The port.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tls / "ca.crt"))
    context.load_cert_chain(tls / "server.crt", tls / "server.key")
    context.verify_mode = ssl.CERT_OPTIONAL
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve() -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await _pass_on(reader, writer, upstream)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        return await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int) -> None:
    back_reader, back_writer = await asyncio.open_connection("127.0.0.1", upstream)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    header = b"Client-Cert: :%b:\r\n" % base64.b64encode(shown) if shown else b""

    async def answers() -> None:
        while data := await back_reader.read(65536):
            writer.write(data)
        writer.close()

    task = asyncio.create_task(answers())
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            back_writer.write(head[:-2] + header + b"\r\n" + body)
    finally:
        back_writer.close()
        await task
