"""The sockets through which a catch-all honeypot, itself without any capability, sees and answers everything."""

import socket
from collections.abc import Iterable

from sensor_manager.effects.network_namespace import in_network_namespace

LISTENER_PORT = 60999
"""Every TCP port of the container is redirected here; any number would do."""
BACKLOG = 4096
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Bytes; a scan of all ports within a second fits."""
VERSIONS = ((socket.AF_INET, 0x0800), (socket.AF_INET6, 0x86DD))
"""Address families and what Ethernet calls them."""
SO_RCVBUFFORCE = 33


def open_capture_sockets(namespace: str, *, ipv6: bool = False) -> list[socket.socket]:
    """Open the three sockets of `sensor_wire.honeypot.socket` in a container's network namespace, or six of them.

    They can be opened again while older ones exist, so that a restarted adapter need not wait for the old one's end.

    Raises:
        OSError: the namespace is gone.
    """
    return in_network_namespace(namespace, lambda: _open(VERSIONS if ipv6 else VERSIONS[:1]))


def _open(versions: Iterable[tuple[socket.AddressFamily, int]]) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, ethernet in versions:
            packet = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ethernet))
            sockets.append(packet)
            packet.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
            sockets.append(socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW))
            listener = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(listener)
            if family is socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(("", LISTENER_PORT))
            listener.listen(BACKLOG)
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return sockets
