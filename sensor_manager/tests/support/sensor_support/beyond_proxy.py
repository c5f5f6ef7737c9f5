"""A server that a sensor reaches by the proxy of its LAN alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sensor_manager.effects.network_namespace import in_network_namespace
from sensor_support.mini_server import MiniServer, mini_server
from sensor_support.namespaces import SERVER, Lan, lan, path, sh
from sensor_support.squid import PORT
from sensor_wire.v1.network import Proxy, ProxyKind

BEYOND = "203.0.113.5"
"""The server's address: the proxy has it, the sensor has no route to it."""
PASSWORD = "pr0xy pass;#wörd%"
BASIC = Proxy(kind=ProxyKind.BASIC, host=SERVER, port=PORT, user="sensor", password=PASSWORD)
NTLM = Proxy(kind=ProxyKind.NTLM, host=SERVER, port=PORT, user="EXAMPLE\\sensor", password=PASSWORD)


@contextmanager
def lan_with_a_way_out() -> Iterator[Lan]:
    """A LAN whose proxy has the server's address."""
    with lan() as made:
        sh("ip", "-n", made.lan, "addr", "add", f"{BEYOND}/32", "dev", "lo")
        yield made


@contextmanager
def server_beyond(net: Lan, folder: Path) -> Iterator[MiniServer]:
    """The server at that address."""
    opened = mini_server(folder, BEYOND)
    yield in_network_namespace(path(net.lan), opened.__enter__)
    opened.__exit__(None, None, None)
