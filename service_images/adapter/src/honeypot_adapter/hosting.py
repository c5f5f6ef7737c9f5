"""The frame of an adapter's process: it ends with SIGTERM, and hands over what is left before."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from honeypot_adapter.delivery import Delivery
from honeypot_adapter.log import log
from honeypot_adapter.outbox import Outbox

STATE_PATH = Path("/var/lib/honeypot")
DRAIN_SECONDS = 5.0


class Frame(NamedTuple):
    """What there is to work with; `stop` is set when it is time to end."""

    outbox: Outbox
    delivery: Delivery
    stop: asyncio.Event

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until it is time to end."""
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return


@asynccontextmanager
async def frame(state_path: Path = STATE_PATH) -> AsyncIterator[Frame]:
    """Deliver while the body runs, which ends when `stop` is set; then deliver the rest, for at most five seconds."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    outbox = Outbox(state_path / "outbox.db")
    delivery = Delivery(outbox)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(delivery.run())
        yield Frame(outbox, delivery, stop)
        if not await delivery.drain(DRAIN_SECONDS):
            log("events are lost: the sensor did not take them before the end")
        sending.cancel()
