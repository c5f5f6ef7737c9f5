"""Runs the server until SIGTERM."""

import socket
import subprocess
import sys
from pathlib import Path

from honeypot_adapter.options import Options
from honeypot_adapter.twisted_offline import refuse_connections
from rdp_server.journal import Journal
from rdp_server.persona import Persona

_PORT = 3389
_BACKLOG = 512
_PEM = Path("/tmp/rdp.pem")  # noqa: S108 - the container's own tmpfs


def main() -> None:
    """Make the certificate, close the ways out, and listen."""
    subprocess.run([sys.executable, "-m", "rdp_server.certificate", str(_PEM)], check=True)  # noqa: S603 - ourselves
    from twisted.internet import (  # type: ignore[import-not-found]  # noqa: PLC0415 - in the image only; importing installs it
        reactor,
        ssl,
    )
    from twisted.logger import globalLogBeginner  # type: ignore[import-not-found]  # noqa: PLC0415 - the same

    from rdp_server.door import Doors  # noqa: PLC0415 - it needs the reactor

    # Each connection would be lines in the container's log; what attackers do is in the journal.
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)
    refuse_connections(reactor)
    pem = _PEM.read_bytes()
    _PEM.unlink()
    tls = ssl.PrivateCertificate.loadPEM(pem).options()
    doors = Doors(reactor, Persona.of(Options.of_environment()), tls, Journal())
    reactor.listenTCP(_PORT, doors, backlog=_BACKLOG, interface="::" if socket.has_dualstack_ipv6() else "")
    reactor.run()


if __name__ == "__main__":
    main()
