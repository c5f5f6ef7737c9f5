"""Listens on the ports of the chosen protocols until SIGTERM."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from honeypot_adapter.identity import identity
from honeypot_adapter.log import log
from honeypot_adapter.options import OptionError, Options
from honeypot_adapter.twisted_offline import refuse_connections
from netservices.datagrams import Datagrams
from netservices.door import Door, everywhere
from netservices.journal import Journal
from netservices.persona import Persona

JOURNAL = Path("/var/lib/honeypot/journal.json")
PORTS = {
    "ftp": (2121,),
    "imap": (2143,),
    "mssql": (1433,),
    "mysql": (3306,),
    "pop3": (2110,),
    "postgresql": (5432,),
    "redis": (6379,),
    "sip": (5060,),
    "smb": (2445, 2139),
    "smtp": (2525,),
    "vnc": (5900,),
}
"""Protocols by their names in the options, which are those of their modules: the ports within the container."""

DATAGRAM_PORTS = {"sip": (5060,)}
"""Likewise, for those that come by datagrams as well."""

_TICK_SECONDS = 5.0
_BACKLOG = 512


def chosen(persona: Persona, options: Options) -> tuple[str, ...]:
    """Tell which protocols to speak: those the operator has chosen, or what is usual on such a machine.

    Raises:
        OptionError: there is no such protocol.
    """
    names = options.texts("protocols", ())
    unknown = sorted(set(names) - set(PORTS))
    if unknown:
        raise OptionError(f"the option protocols names {unknown[0]}, which is none of {', '.join(PORTS)}")
    return names or tuple(name for name in persona.software.protocols if name in PORTS)


def start(reactor: Any, options: Options) -> Callable[..., None]:
    """Listen; what is given back is to be called every few seconds, and with `final` at the end."""
    persona = Persona.of(options, identity())
    journal = Journal(JOURNAL)
    listeners = []
    for name in chosen(persona, options):
        module = import_module(f"netservices.{name}")
        speaker = module.speaker(persona, options)
        for port in PORTS[name]:
            reactor.listenTCP(port, Door(name, speaker, journal, reactor), _BACKLOG, everywhere())
        for port in DATAGRAM_PORTS.get(name, ()):
            listeners.append(Datagrams(name, port, module.answerer(persona, options), journal))
            reactor.listenUDP(port, listeners[-1], everywhere())
    refuse_connections(reactor)

    def tick(*, final: bool = False) -> None:
        for each in listeners:
            each.tick(final=final)
        journal.tick(final=final)

    return tick


def main() -> int:
    """Run; the exit status is 2 when an option is wrong."""
    from twisted.internet import reactor, task  # noqa: PLC0415 - importing installs the reactor

    try:
        tick = start(reactor, Options.of_environment())
    except OptionError as error:
        log(str(error))
        return 2
    task.LoopingCall(tick).start(_TICK_SECONDS)
    reactor.addSystemEventTrigger("after", "shutdown", tick, final=True)
    reactor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
