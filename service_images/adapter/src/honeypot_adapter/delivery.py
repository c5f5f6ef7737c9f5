"""Hands the outbox's events to the sensor, one at a time, until each is acknowledged."""

import asyncio
import json
import random
from pathlib import Path

from honeypot_adapter.event import Json
from honeypot_adapter.log import log
from honeypot_adapter.outbox import Outbox, Waiting

SOCKET_PATH = Path("/run/honeysens/events.sock")

_ANSWER_SECONDS = 30.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class NotDeliveredError(Exception):
    """The sensor did not take an event now; sending it again later is right."""


class Delivery:
    """Sends for ever: reconnects with growing pauses, and resends whatever was not acknowledged."""

    def __init__(self, outbox: Outbox, socket_path: Path = SOCKET_PATH) -> None:
        self._outbox = outbox
        self._socket_path = socket_path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._more = asyncio.Event()
        self._empty = asyncio.Event()

    def wake(self) -> None:
        """Say that the outbox has something new."""
        self._empty.clear()
        self._more.set()

    async def drain(self, seconds: float) -> bool:
        """Wait until nothing is left to send, but not longer than that; say whether nothing is left."""
        self._more.set()
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Deliver until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            self._more.clear()
            event = self._outbox.first()
            if event is None:
                self._empty.set()
                await self._more.wait()
                continue
            try:
                await self._deliver(event)
            except (NotDeliveredError, OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
                if pause == _FIRST_PAUSE:
                    log(f"the sensor does not take events now, they are kept and sent again: {error!r}")
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE

    async def _deliver(self, event: Waiting) -> None:
        answer = await self._exchange(event.line)
        match answer.get("status"):
            case "stored":
                self._outbox.forget(event)
            case "rejected":
                beginning = event.line[:200]
                log(f"the sensor refused an event, which is dropped: {answer.get('reason')!r}; it began {beginning!r}")
                self._outbox.forget(event)
            case "busy":
                raise NotDeliveredError(answer.get("reason"))
            case other:
                self._disconnect()
                raise NotDeliveredError(f"unknown status {other!r}")

    async def _exchange(self, line: str) -> Json:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if self._streams is None:
                    self._streams = await asyncio.open_unix_connection(str(self._socket_path))
                reader, writer = self._streams
                writer.write(line.encode() + b"\n")
                await writer.drain()
                answer = await reader.readuntil(b"\n")
                parsed = json.loads(answer)
        except BaseException:
            # After a failure half-way the next answer could belong to this line: begin anew.
            self._disconnect()
            raise
        if not isinstance(parsed, dict):
            self._disconnect()
            raise NotDeliveredError(f"the answer is no JSON object: {answer[:200]!r}")
        return parsed

    def _disconnect(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
