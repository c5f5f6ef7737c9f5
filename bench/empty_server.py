"""The floor of honeypots that are a program of ours: asyncio alone in the same container, which answers the same bytes.

It runs there as `python empty_server.py PORT ANSWER_FILE [TLS_FILE]`, without anything of ours beside it.
"""

import asyncio
import ssl
import sys
from pathlib import Path
from typing import cast

_BACKLOG = 4096


class _Answering(asyncio.Protocol):
    """Answers whatever comes first, be it the end, and ends the connection."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, _data: bytes) -> None:
        self._transport.write(self._answer)
        self._transport.close()

    def eof_received(self) -> None:
        self.data_received(b"")


async def _serve(port: int, answer: bytes, secured: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(answer), "0.0.0.0", port, backlog=_BACKLOG, ssl=secured)  # noqa: S104 - of its container
    await server.serve_forever()


def _main(port: str, answer: str, tls: str = "") -> None:
    secured = None
    if tls:
        secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secured.load_cert_chain(tls)
    asyncio.run(_serve(int(port), Path(answer).read_bytes(), secured))


if __name__ == "__main__":
    _main(*sys.argv[1:])
