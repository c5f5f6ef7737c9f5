"""Runs recon until SIGTERM, then hands over what is left, for at most five seconds."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from honeypot_adapter.capture import Capture, request_captures
from honeypot_adapter.event import Json, tell_omitted
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
        self._missed = 0

    async def run(self, captures: Sequence[Capture], at: Frame) -> None:
        """Record until told to stop; one capture for IPv4 and perhaps one for IPv6."""
        limiter = AnswerLimiter(time.monotonic())
        tracker = self._tracker
        listener = Listener(self._teller(tracker.accepted), self._teller(tracker.payload), self._banners)
        loop = asyncio.get_running_loop()
        readers = []
        for each in captures:
            datagrams = Datagrams(each.packets, each.answers, self._teller(self._tracker.touch), limiter)
            readers.append(datagrams)
            each.listener.settimeout(0)
            loop.add_reader(each.packets, datagrams.read)
            loop.add_reader(each.listener, listener.accept, each.listener)
        log("recording")
        while not at.stop.is_set():
            self._tell(self._tracker.tick(Moment.now()), sum(each.missed() for each in readers))
            await at.pause(_TICK_SECONDS)
        for each in captures:
            loop.remove_reader(each.listener)
            loop.remove_reader(each.packets)
        self._tell(self._tracker.finish(Moment.now()), 0)

    def _tell(self, events: list[Json], missed: int) -> None:
        """Keep events; the first of them says how many packets were not seen (accepted connections still are)."""
        self._missed += missed
        if events and self._missed:
            tell_omitted(events[0], f"{self._missed} packets before this event, because they came too fast")
            self._missed = 0
        self._keep(events)

    def _teller(self, method: Callable[[Seen, Moment], list[Json]]) -> Callable[[Seen], None]:
        return lambda seen: self._keep(method(seen, Moment.now()))


async def _main() -> None:
    greetings = banners(Options.of_environment())
    async with frame() as at:
        captures = await asyncio.to_thread(request_captures, at.stop.is_set)
        if captures:
            await Recon(Handover(at.outbox, at.delivery), greetings).run(captures, at)


asyncio.run(_main())
