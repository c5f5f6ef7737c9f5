"""Answers on the ports given, as JSON: its own name, whom it sees, and the port. Runs in a container, by itself.

usage: echo.py NAME PORT/PROTOCOL …
"""

import json
import select
import socket
import sys


def opened(port: str) -> socket.socket:
    number, protocol = port.split("/")
    listener = socket.socket(type=socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", int(number)))
    if protocol == "tcp":
        listener.listen()
    return listener


def main(name: str, ports: list[str]) -> None:
    listeners = [opened(port) for port in ports]
    while True:
        for ready in select.select(listeners, [], [])[0]:
            if ready.type == socket.SOCK_STREAM:
                connection, peer = ready.accept()
                with connection:
                    connection.sendall(json.dumps([name, peer[0], ready.getsockname()[1]]).encode())
            else:
                _, peer = ready.recvfrom(512)
                ready.sendto(json.dumps([name, peer[0], ready.getsockname()[1]]).encode(), peer)


main(sys.argv[1], sys.argv[2:])
