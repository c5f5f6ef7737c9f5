"""Starts cowrie in the foreground, below Twisted's own command `twistd`."""

import os
import socket
import sys
from pathlib import Path

from honeypot_adapter.twisted_offline import refuse_connections

_FOLDERS = (Path("/var/lib/honeypot/cowrie"), Path("/tmp/downloads"))  # noqa: S108 - the container's own tmpfs

_BOTH_VERSIONS = r"tcp6:2222:interface=\:\:"
"""One socket for IPv6 and IPv4, in the place of `listen_endpoints` in cowrie.cfg."""


def _has_ipv6() -> bool:
    try:
        socket.socket(socket.AF_INET6).close()
    except OSError:
        return False
    return True


def main() -> None:
    """Prepare the folders on tmpfs, close the ways out, and run."""
    from twisted.internet import reactor  # type: ignore[import-not-found]  # noqa: PLC0415 - in the image only; importing installs it
    from twisted.scripts import twistd  # type: ignore[import-not-found]  # noqa: PLC0415 - the same

    for folder in _FOLDERS:
        folder.mkdir(parents=True, exist_ok=True)
    if _has_ipv6():
        os.environ["COWRIE_SSH_LISTEN_ENDPOINTS"] = _BOTH_VERSIONS
    refuse_connections(reactor)
    sys.argv = ["twistd", "--nodaemon", "--pidfile=", "--logger=cowrie.python.logfile.stdoutLogger", "cowrie"]
    twistd.run()


if __name__ == "__main__":
    main()
