"""Runs the web honeypot until SIGTERM, then hands over what is left, for at most five seconds."""

import asyncio
import gc
import signal
from pathlib import Path

from honeypot_adapter.delivery import Delivery
from honeypot_adapter.identity import identity
from honeypot_adapter.log import log
from honeypot_adapter.options import Options
from honeypot_adapter.outbox import Outbox
from web_honeypot import tls
from web_honeypot.listener import Listener
from web_honeypot.persona import Persona
from web_honeypot.rules import rules
from web_honeypot.scribe import Scribe

_OUTBOX_PATH = Path("/var/lib/honeypot/outbox.db")
_HTTP, _HTTPS = 8080, 8443
_TICK_SECONDS = 0.2
_DRAIN_SECONDS = 5.0


async def _main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    persona = Persona.of(Options.of_environment(), identity())
    secured = tls.context()
    rules()
    gc.freeze()
    outbox = Outbox(_OUTBOX_PATH)
    delivery = Delivery(outbox)
    scribe = Scribe(outbox, delivery)
    listener = Listener(persona, scribe)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(delivery.run())
        sockets = [listener.serve(_HTTP), listener.serve(_HTTPS, secured)]
        log("serving")
        while not stop.is_set():
            scribe.tick()
            await asyncio.sleep(_TICK_SECONDS)
        for each in sockets:
            asyncio.get_running_loop().remove_reader(each)
            each.close()
        scribe.finish()
        if not await delivery.drain(_DRAIN_SECONDS):
            log("events are lost: the sensor did not take them before the end")
        sending.cancel()


asyncio.run(_main())
