"""One connection: requests one after the other, answered as the claimed server does; bounded in size and time."""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import replace

import h11  # type: ignore[import-not-found] # in the image only

from web_honeypot import servers, uploads
from web_honeypot.intake import Body, Intake, Refusal
from web_honeypot.persona import Persona
from web_honeypot.request import Request
from web_honeypot.response import Response
from web_honeypot.scribe import Scribe
from web_honeypot.verdict import judge, unsound
from web_honeypot.visits import Ends
from web_honeypot.wire import Wire

_MAX_HEAD = 32 * 1024
_MAX_REQUESTS = 1000
_WRITE_SECONDS, _LIFE_SECONDS = 20.0, 300.0
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class Conversation:
    """One client; `requests` counts what it has sent, sound or not."""

    def __init__(self, persona: Persona, ends: Ends, wire: Wire, scribe: Scribe) -> None:
        self._persona = persona
        self._ends = ends
        self._port = 443 if ends.tls else 80
        self._wire = wire
        self._scribe = scribe
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        self._intake = Intake(self._http, wire, scribe.lend)
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
            refusal = Refusal(400, reason, await self._intake.first_bytes())
            self._tell(refusal)
            if reason:
                await self._send_refusal(refusal)

    async def _exchange(self) -> bool:
        """Take one request and answer it; says whether another one may come."""
        head = await self._intake.head(first=not self.requests)
        if head is None:
            return False
        self.requests += 1
        if isinstance(head, Request):
            await self._answer_short(replace(head, port=self._port, tls=self._ends.tls))
            return False
        body = head if isinstance(head, Refusal) else await self._body()
        if isinstance(body, Refusal):
            self._tell(body)
            await self._send_refusal(body)
            return False
        return await self._answer(head, body)

    async def _body(self) -> Body | Refusal:
        if self._http.they_are_waiting_for_100_continue:
            await self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._http.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        return await self._intake.body()

    async def _answer(self, head: h11.Request, body: Body) -> bool:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items())
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        form, files = uploads.read(kind, body.data) if kind.lower().startswith("multipart/") else ((), ())
        request = Request(
            head.method.decode("ascii"),
            head.target.decode("latin-1"),
            headers,
            body.data,
            head.http_version.decode("ascii"),
            body.total,
            form,
            files,
            self._port,
            self._ends.tls,
        )
        response = self._judge(request)
        if response.delay:
            await asyncio.sleep(response.delay)
        if body.total > len(body.data):
            response = servers.error(self._persona, 413, request.header("host"), self._port)
        await self._send(response)
        return bool(self._http.our_state is h11.DONE and self._http.their_state is h11.DONE)

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
        await self._write(self._judge(request).body)

    def _tell(self, refusal: Refusal) -> None:
        guessed = Request.guessed(refusal.data, port=self._port, tls=self._ends.tls)
        self._scribe.told(self._ends, unsound(guessed, refusal.data, refusal.status, time.time()))

    async def _send_refusal(self, refusal: Refusal) -> None:
        await self._send(servers.error(self._persona, refusal.status, "", self._port, refusal.reason))

    async def _send(self, response: Response) -> None:
        head = [
            (name.encode("latin-1"), _UNSENDABLE.sub("", value).strip().encode("latin-1"))
            for name, value in servers.head(self._persona, response, time.time())
        ]
        reason = servers.phrase(response.status).encode()
        parts = [
            self._http.send(h11.Response(status_code=response.status, headers=head, reason=reason)),
            self._http.send(h11.Data(data=response.body)),
            self._http.send(h11.EndOfMessage()),
        ]
        await self._write(b"".join(part for part in parts if part))

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(_WRITE_SECONDS):
            await self._wire.send(data)
