"""The sockets through which a catch-all honeypot, itself without any capability, sees and answers everything."""

import socket

from sensor_manager.effects.network_namespace import in_network_namespace

LISTENER_PORT = 60999
"""Every TCP port of the container is redirected here; any number would do."""
BACKLOG = 4096
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Bytes; a scan of all ports within a second fits."""
ETH_P_IP = 0x0800
SO_RCVBUFFORCE = 33


def open_capture_sockets(namespace: str) -> list[socket.socket]:
    """Open the three sockets of `sensor_wire.honeypot.socket` in the container's network namespace.

    They can be opened again while older ones exist, so that a restarted adapter need not wait for the old one's end.

    Raises:
        OSError: the namespace is gone.
    """
    return in_network_namespace(namespace, _open)


def _open() -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        packet = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        sockets.append(packet)
        packet.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sockets.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("", LISTENER_PORT))
        listener.listen(BACKLOG)
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return sockets
