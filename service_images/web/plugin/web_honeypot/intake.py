"""Reads requests out of a connection, one after the other, within bounds of size and time."""

import asyncio
import re
from collections.abc import Callable
from typing import NamedTuple

import h11  # type: ignore[import-not-found] # in the image only

from web_honeypot import uploads
from web_honeypot.request import Request
from web_honeypot.wire import Wire

MAX_LINE = 8190
_MAX_HEAD = 32 * 1024
_HEAD_SECONDS, _BODY_SECONDS, _IDLE_SECONDS = 20.0, 30.0, 10.0
_CHUNK = 16 * 1024
_SHORT = re.compile(rb"([A-Z]{3,10}) (\S{1,8000})\r?\n")
_FIRST_PRINTABLE = 0x20
_TOO_MUCH, _NOT_KNOWN = 431, 501
"""How h11 hints that a head is too long, or that a coding is not known."""


class Refusal(NamedTuple):
    """What cannot be read as a request: the answer's status, its reason, and the bytes there were."""

    status: int
    reason: str
    data: bytes


class Body(NamedTuple):
    """What is kept of a body, and how long it was as far as it was read."""

    data: bytes
    total: int


class Intake:
    """The receiving half of a connection; `lend` says whether there is room for so many bytes of a body."""

    def __init__(self, http: h11.Connection, wire: Wire, lend: Callable[[int], bool]) -> None:
        self._http = http
        self._wire = wire
        self._lend = lend
        self._head = b""

    async def first_bytes(self) -> bytes:
        """Read what comes first, whatever it is."""
        async with asyncio.timeout(_HEAD_SECONDS):
            return await self._wire.read(_CHUNK)

    async def head(self, *, first: bool) -> "h11.Request | Request | Refusal | None":
        """Read the head of a request.

        Args:
            first: it is the connection's first one, for which there is more patience.

        Returns:
            The head; a whole request where it is one of HTTP/0.9, which has none; nothing when the client has enough.
        """
        try:
            async with asyncio.timeout(_HEAD_SECONDS if first else _IDLE_SECONDS):
                return await self._read_head()
        except TimeoutError:
            return Refusal(408, "", self._head) if self._head else None

    async def body(self) -> Body | Refusal:
        """Read the body of the request whose head has been read."""
        kept, total = bytearray(), 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    event = self._http.next_event()
                    if event is h11.NEED_DATA:
                        self._http.receive_data(await self._wire.read(_CHUNK))
                    elif not isinstance(event, h11.Data):
                        return Body(bytes(kept), total)
                    else:
                        total += len(event.data)
                        if total > uploads.MAX_BYTES or not self._lend(len(event.data)):
                            return Body(bytes(kept), total)
                        kept += event.data
        except h11.RemoteProtocolError:
            return Refusal(400, "", self._head + bytes(kept))
        except TimeoutError:
            return Body(bytes(kept), total)
        finally:
            self._lend(-len(kept))

    async def _read_head(self) -> "h11.Request | Request | Refusal | None":
        self._head = self._http.trailing_data[0]
        fed = len(self._head)
        while b"\n" not in self._head.lstrip(b"\r\n"):
            if (refusal := self._hopeless()) is not None:
                return refusal
            data = await self._wire.read(_CHUNK)
            if not data:
                return Refusal(400, "", self._head) if self._head.strip() else None
            self._head += data
        line = self._head.lstrip(b"\r\n").partition(b"\n")[0] + b"\n"
        if len(line) > MAX_LINE:
            return Refusal(414, "", self._head)
        if short := _SHORT.fullmatch(line):
            return Request(short[1].decode("ascii"), short[2].decode("latin-1"), version="0.9")
        fresh = self._head[fed:]
        return await self._parse(fresh if fed else fresh.lstrip(b"\r\n"))

    def _hopeless(self) -> Refusal | None:
        """Refuse what will never become a request line."""
        start = self._head.lstrip(b"\r\n")[:1]
        if start and start[0] < _FIRST_PRINTABLE:
            return Refusal(400, "", self._head)
        return Refusal(414, "", self._head) if len(self._head) > MAX_LINE else None

    async def _parse(self, fresh: bytes) -> "h11.Request | Refusal | None":
        try:
            if fresh:
                self._http.receive_data(fresh)
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._wire.read(_CHUNK)
                self._head = (self._head + data)[:_MAX_HEAD]
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            hint = error.error_status_hint
            reason = "Size of a request header field exceeds server limit." if hint == _TOO_MUCH else ""
            return Refusal(_NOT_KNOWN if hint == _NOT_KNOWN else 400, reason, self._head)
        return event if isinstance(event, h11.Request) else None
