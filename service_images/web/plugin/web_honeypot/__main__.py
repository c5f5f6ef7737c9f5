"""Runs the web honeypot until SIGTERM, then hands over what is left, for at most five seconds."""

import asyncio
import gc

from honeypot_adapter.handover import Handover
from honeypot_adapter.hosting import frame
from honeypot_adapter.identity import identity
from honeypot_adapter.log import log
from honeypot_adapter.options import Options
from web_honeypot import tls
from web_honeypot.listener import Listener
from web_honeypot.persona import Persona
from web_honeypot.rules import rules
from web_honeypot.scribe import Scribe

_HTTP, _HTTPS = 8080, 8443
_TICK_SECONDS = 0.2


async def _main() -> None:
    persona = Persona.of(Options.of_environment(), identity())
    secured = tls.context()
    rules()
    gc.freeze()
    async with frame() as at:
        scribe = Scribe(Handover(at.outbox, at.delivery))
        listener = Listener(persona, scribe)
        sockets = [listener.serve(_HTTP), listener.serve(_HTTPS, secured)]
        log("serving")
        while not at.stop.is_set():
            scribe.tick()
            await at.pause(_TICK_SECONDS)
        for each in sockets:
            asyncio.get_running_loop().remove_reader(each)
            each.close()
        scribe.finish()


asyncio.run(_main())
