"""One connection: requests one after the other, answered as the claimed server does; bounded in size and time."""

import asyncio
import re
import time
from contextlib import suppress
from typing import NamedTuple

import h11  # type: ignore[import-not-found] # in the image only

from honeypot_adapter.event import Observation, Payload, Severity
from honeypot_adapter.text import printable
from web_honeypot import servers, uploads
from web_honeypot.persona import Persona
from web_honeypot.recorder import Ends
from web_honeypot.request import Request
from web_honeypot.response import Response
from web_honeypot.scribe import Scribe
from web_honeypot.verdict import judge

MAX_LINE = 8190
_MAX_HEAD = 32 * 1024
_MAX_REQUESTS = 1000
_HEAD_SECONDS, _BODY_SECONDS, _IDLE_SECONDS, _WRITE_SECONDS, _LIFE_SECONDS = 20.0, 30.0, 10.0, 20.0, 300.0
_CHUNK = 16 * 1024
_SHORT = re.compile(rb"([A-Z]{3,10}) (\S{1,8000})\r?\n")
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class Refusal(NamedTuple):
    """What cannot be read as a request: the answer's status, its reason, and the bytes there were."""

    status: int
    reason: str
    data: bytes


class Conversation:
    """One client. `plain` is the port of TLS to which somebody speaks without it."""

    def __init__(
        self, persona: Persona, ends: Ends, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], scribe: Scribe
    ) -> None:
        self._persona = persona
        self._ends = ends
        self._port = 443 if ends.tls else 80
        self._reader, self._writer = streams
        self._scribe = scribe
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        self._head = b""
        self.requests = 0

    async def run(self) -> None:
        """Converse until either side has enough."""
        with suppress(OSError, EOFError, h11.LocalProtocolError):
            async with asyncio.timeout(_LIFE_SECONDS):
                while self.requests < _MAX_REQUESTS and await self._exchange():
                    self._http.start_next_cycle()

    async def refuse(self, reason: str) -> None:
        """Answer what speaks without TLS where TLS is spoken; without a reason the connection just ends."""
        with suppress(OSError):
            async with asyncio.timeout(_HEAD_SECONDS):
                data = await self._reader.read(_CHUNK)
            refusal = Refusal(400, reason, data)
            self._tell_refusal(refusal)
            if reason:
                await self._send_refusal(refusal)

    async def _exchange(self) -> bool:
        """Take one request and answer it; says whether another one may come."""
        try:
            async with asyncio.timeout(_IDLE_SECONDS if self.requests else _HEAD_SECONDS):
                head = await self._read_head()
        except TimeoutError:
            if self._head:
                await self._refused(Refusal(408, "", self._head))
            return False
        if head is None:
            return False
        self.requests += 1
        if isinstance(head, Refusal):
            await self._refused(head)
            return False
        if isinstance(head, Request):
            await self._answer_short(head)
            return False
        return await self._answer(head)

    async def _read_head(self) -> "h11.Request | Request | Refusal | None":
        self._head = self._http.trailing_data[0]
        fed = len(self._head)
        while b"\n" not in self._head.lstrip(b"\r\n"):
            if self._head[:1] and self._head[0] < 0x20 and self._head[:1] not in {b"\r", b"\n"}:  # noqa: PLR2004 - a control character
                return Refusal(400, "", self._head)
            if len(self._head) > MAX_LINE:
                return Refusal(414, "", self._head)
            data = await self._reader.read(_CHUNK)
            if not data:
                return Refusal(400, "", self._head) if self._head.strip() else None
            self._head += data
        line = self._head.lstrip(b"\r\n").partition(b"\n")[0] + b"\n"
        if len(line) > MAX_LINE:
            return Refusal(414, "", self._head)
        if short := _SHORT.fullmatch(line):
            target = short[2].decode("latin-1")
            return Request(short[1].decode("ascii"), target, version="0.9", port=self._port, tls=self._ends.tls)
        fresh = self._head[fed:]
        return await self._parse_head(fresh if fed else fresh.lstrip(b"\r\n"))

    async def _parse_head(self, fresh: bytes) -> "h11.Request | Refusal | None":
        try:
            if fresh:
                self._http.receive_data(fresh)
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._reader.read(_CHUNK)
                self._head = (self._head + data)[:_MAX_HEAD]
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            large = error.error_status_hint == 431  # noqa: PLR2004 - h11's word for too much
            reason = "Size of a request header field exceeds server limit." if large else ""
            return Refusal(501 if error.error_status_hint == 501 else 400, reason, self._head)  # noqa: PLR2004 - coding not known
        return event if isinstance(event, h11.Request) else None

    async def _answer(self, head: "h11.Request") -> bool:
        body, total = await self._read_body()
        if body is None:
            return False
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items())
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        form, files = uploads.read(kind, body) if kind.lower().startswith("multipart/") else ((), ())
        request = Request(
            head.method.decode("ascii"),
            head.target.decode("latin-1"),
            headers,
            body,
            head.http_version.decode("ascii"),
            total,
            form,
            files,
            self._port,
            self._ends.tls,
        )
        response = self._judge(request)
        if response.delay:
            await asyncio.sleep(response.delay)
        if total > len(body):
            response = servers.error(self._persona, 413, request.header("host"), self._port)
        await self._send(response)
        return bool(self._http.our_state is h11.DONE and self._http.their_state is h11.DONE)

    async def _read_body(self) -> tuple[bytes | None, int]:
        """Give what is kept of the body and its whole length as far as it was read; None when the client has gone."""
        body, total = bytearray(), 0
        if self._http.they_are_waiting_for_100_continue:
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._http.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    event = self._http.next_event()
                    if event is h11.NEED_DATA:
                        self._http.receive_data(await self._reader.read(_CHUNK))
                    elif isinstance(event, h11.Data):
                        total += len(event.data)
                        if total > uploads.MAX_BYTES or not self._scribe.lend(len(event.data)):
                            return bytes(body), total
                        body += event.data
                    else:
                        return bytes(body), total
        except h11.RemoteProtocolError:
            await self._refused(Refusal(400, "", self._head + bytes(body)))
            return None, total
        except TimeoutError:
            return bytes(body), total
        finally:
            self._scribe.give_back(len(body))

    def _judge(self, request: Request) -> Response:
        ends = self._ends
        verdict = judge(self._persona, request, time.time(), lambda: self._scribe.attempt(ends))
        self._scribe.told(ends, verdict.observations)
        self._scribe.noted(ends, "user_agent", request.header("user-agent"))
        self._scribe.noted(ends, "host", request.header("host"))
        if verdict.missing:
            self._scribe.missed(ends, request.path)
        return verdict.response

    async def _answer_short(self, request: Request) -> None:
        """HTTP/0.9 has no head, and neither has its answer."""
        self._writer.write(self._judge(request).body)
        await self._drain()

    async def _refused(self, refusal: Refusal) -> None:
        self._tell_refusal(refusal)
        await self._send_refusal(refusal)

    def _tell_refusal(self, refusal: Refusal) -> None:
        protocol = "HTTPS" if self._ends.tls else "HTTP"
        text = f"{printable(refusal.data[:128])} -> {refusal.status}"
        payload = Payload(refusal.data, None)
        summary = f"{protocol}: no sound request: {text}"
        unsound = Observation(time.time(), "request", Severity.LOW, "malformed", text, summary, payload)
        self._scribe.told(self._ends, (unsound,))

    async def _send_refusal(self, refusal: Refusal) -> None:
        await self._send(servers.error(self._persona, refusal.status, "", self._port, refusal.reason))

    async def _send(self, response: Response) -> None:
        head = [
            (name, _UNSENDABLE.sub("", value).strip())
            for name, value in servers.head(self._persona, response, time.time())
        ]
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
        reason = servers.phrase(response.status).encode()
        parts = [
            self._http.send(h11.Response(status_code=response.status, headers=encoded, reason=reason)),
            self._http.send(h11.Data(data=response.body)),
            self._http.send(h11.EndOfMessage()),
        ]
        self._writer.write(b"".join(part for part in parts if part))
        await self._drain()

    async def _drain(self) -> None:
        async with asyncio.timeout(_WRITE_SECONDS):
            await self._writer.drain()
