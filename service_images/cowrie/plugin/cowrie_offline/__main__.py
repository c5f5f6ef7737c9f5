"""Starts cowrie in the foreground, below Twisted's own command `twistd`."""

import os
import socket
import sys
import time
from pathlib import Path

from cowrie_persona import accounts, hardware
from cowrie_persona.host_keys import HostKeys
from cowrie_persona.outputs import outputs
from cowrie_persona.persona import Persona
from cowrie_persona.settings import settings

from honeypot_adapter.identity import identity
from honeypot_adapter.options import Options
from honeypot_adapter.twisted_offline import refuse_connections

_STATE = Path("/var/lib/honeypot/cowrie")
_DOWNLOADS = Path("/tmp/downloads")  # noqa: S108 - the container's own tmpfs


def _write(persona: Persona, made: hardware.Hardware) -> None:
    """Write what cowrie reads from files: who gets in, host keys, and what commands print."""
    texts = {_STATE / "etc/userdb.txt": accounts.user_database(persona.users).encode()}
    texts |= {_STATE / "txtcmds" / path: content for path, content in outputs(persona, made).items()}
    keys = HostKeys(persona.identity)
    texts |= {_STATE / f"ssh_host_{name}_key": key for name, key in keys.private().items()}
    texts |= {_STATE / f"ssh_host_{name}_key.pub": key for name, key in keys.public().items()}
    for path, content in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main() -> None:
    """Prepare the folders on tmpfs, become the machine, close the ways out, and run."""
    persona = Persona.of(Options.of_environment(), identity())
    system = persona.system
    made = hardware.made(persona.identity, system.processors, (system.memory_gib, system.disk_gib), persona.mac_vendor)
    _DOWNLOADS.mkdir(parents=True, exist_ok=True)
    _write(persona, made)
    os.environ |= settings(persona, str(_STATE), now=time.time(), both_versions=socket.has_dualstack_ipv6())

    from cowrie_door import transports  # noqa: PLC0415 - cowrie reads its settings when it is imported
    from cowrie_persona import late_key  # noqa: PLC0415 - the same
    from cowrie_persona.clothing import put_on  # noqa: PLC0415 - the same
    from cowrie_thrift import spare  # noqa: PLC0415 - the same
    from twisted.internet import reactor  # type: ignore[import-not-found]  # noqa: PLC0415 - in the image only; importing installs it
    from twisted.scripts import twistd  # type: ignore[import-not-found]  # noqa: PLC0415 - the same

    put_on(persona, made)
    spare.put_in()
    late_key.put_in(persona, reactor)
    transports.put_in(reactor)
    refuse_connections(reactor)
    sys.argv = ["twistd", "--nodaemon", "--pidfile=", "--logger=cowrie.python.logfile.stdoutLogger", "cowrie"]
    twistd.run()


if __name__ == "__main__":
    main()
