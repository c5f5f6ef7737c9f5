"""Runs recon until SIGTERM, then hands over what is left, for at most five seconds."""

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from honeypot_adapter.capture import Capture, request_captures
from honeypot_adapter.delivery import Delivery
from honeypot_adapter.event import Json
from honeypot_adapter.log import log
from honeypot_adapter.options import Options
from honeypot_adapter.outbox import Outbox
from recon.banners import banners
from recon.datagrams import Datagrams
from recon.limiter import AnswerLimiter
from recon.listener import Listener
from recon.moment import Moment
from recon.packets import Seen
from recon.tracker import Tracker

_OUTBOX_PATH = Path("/var/lib/honeypot/outbox.db")
_TICK_SECONDS = 0.1
_DRAIN_SECONDS = 5.0


class Recon:
    """The tracker between the sockets and the outbox."""

    def __init__(self, outbox: Outbox, delivery: Delivery, banners: Mapping[int, bytes]) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._banners = banners
        self._tracker = Tracker()
        self._dropped = 0

    async def run(self, captures: Sequence[Capture], stop: asyncio.Event) -> None:
        """Record until told to stop; one capture for IPv4 and perhaps one for IPv6."""
        limiter = AnswerLimiter(time.monotonic())
        tracker = self._tracker
        listener = Listener(self._teller(tracker.accepted), self._teller(tracker.payload), self._banners)
        loop = asyncio.get_running_loop()
        for each in captures:
            datagrams = Datagrams(each.packets, each.answers, self._teller(self._tracker.touch), limiter)
            each.listener.settimeout(0)
            loop.add_reader(each.packets, datagrams.read)
            loop.add_reader(each.listener, listener.accept, each.listener)
        log("recording")
        while not stop.is_set():
            self._keep(self._tracker.tick(Moment.now()))
            await asyncio.sleep(_TICK_SECONDS)
        for each in captures:
            loop.remove_reader(each.listener)
            loop.remove_reader(each.packets)
        self._keep(self._tracker.finish(Moment.now()))

    def _teller(self, method: Callable[[Seen, Moment], list[Json]]) -> Callable[[Seen], None]:
        return lambda seen: self._keep(method(seen, Moment.now()))

    def _keep(self, events: list[Json]) -> None:
        if not events:
            return
        if self._outbox.full:
            if not self._dropped:
                log("the sensor took nothing for too long: new events are dropped until it does")
            self._dropped += len(events)
            return
        if self._dropped:
            log(f"{self._dropped} events were dropped")
            self._dropped = 0
        with self._outbox.transaction():
            for event in events:
                self._outbox.put(event)
        self._delivery.wake()


async def _main() -> None:
    greetings = banners(Options.of_environment())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    captures = await asyncio.to_thread(request_captures, stop.is_set)
    if not captures:
        return
    outbox = Outbox(_OUTBOX_PATH)
    delivery = Delivery(outbox)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(delivery.run())
        await Recon(outbox, delivery, greetings).run(captures, stop)
        if not await delivery.drain(_DRAIN_SECONDS):
            log("events are lost: the sensor did not take them before the end")
        sending.cancel()


asyncio.run(_main())
