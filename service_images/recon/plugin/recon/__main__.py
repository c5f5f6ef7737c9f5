"""Runs recon until SIGTERM, then hands over what is left, for at most five seconds."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from honeypot_adapter.capture import Capture, request_captures
from honeypot_adapter.event import Json
from honeypot_adapter.handover import Handover
from honeypot_adapter.hosting import Frame, frame
from honeypot_adapter.log import log
from honeypot_adapter.options import Options
from recon.banners import banners
from recon.datagrams import Datagrams
from recon.limiter import AnswerLimiter
from recon.listener import Listener
from recon.moment import Moment
from recon.packets import Seen
from recon.tracker import Tracker

_TICK_SECONDS = 0.1


class Recon:
    """The tracker between the sockets and the outbox."""

    def __init__(self, handover: Handover, banners: Mapping[int, bytes]) -> None:
        self._keep = handover.keep
        self._banners = banners
        self._tracker = Tracker()

    async def run(self, captures: Sequence[Capture], at: Frame) -> None:
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
        while not at.stop.is_set():
            self._keep(self._tracker.tick(Moment.now()))
            await at.pause(_TICK_SECONDS)
        for each in captures:
            loop.remove_reader(each.listener)
            loop.remove_reader(each.packets)
        self._keep(self._tracker.finish(Moment.now()))

    def _teller(self, method: Callable[[Seen, Moment], list[Json]]) -> Callable[[Seen], None]:
        return lambda seen: self._keep(method(seen, Moment.now()))


async def _main() -> None:
    greetings = banners(Options.of_environment())
    async with frame() as at:
        captures = await asyncio.to_thread(request_captures, at.stop.is_set)
        if captures:
            await Recon(Handover(at.outbox, at.delivery), greetings).run(captures, at)


asyncio.run(_main())
