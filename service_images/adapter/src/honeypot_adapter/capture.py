"""Asks the sensor for the sockets of a catch-all service, which the container itself may not make."""

import array
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from honeypot_adapter.delivery import SOCKET_PATH
from honeypot_adapter.log import log

_DESCRIPTORS = 3
_VERSIONS = 2
_SECONDS = 5.0
_PAUSE = 1.0


class Capture(NamedTuple):
    """The three sockets of the contract for one version of IP; see there for what they can do."""

    packets: socket.socket
    answers: socket.socket
    listener: socket.socket


def request_captures(stopped: Callable[[], bool], socket_path: Path = SOCKET_PATH) -> tuple[Capture, ...]:
    """Ask until the sensor gives the sockets of IPv4, and of IPv6 where it speaks that; blocks.

    Args:
        stopped: asked between two attempts; when true, the answer is empty.
        socket_path: the sensor's socket.
    """
    complained = False
    while not stopped():
        try:
            return _ask(socket_path)
        except (OSError, ValueError) as error:
            if not complained:
                log(f"the sensor has not given the sockets yet, asking again every second: {error!r}")
                complained = True
            time.sleep(_PAUSE)
    return ()


def _ask(socket_path: Path) -> tuple[Capture, ...]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(socket_path))
        connection.sendall(b'{"request":"capture","ipv6":true}\n')
        data, descriptors = _receive(connection)
    if len(descriptors) not in {_DESCRIPTORS, _VERSIONS * _DESCRIPTORS}:
        for descriptor in descriptors:
            socket.close(descriptor)
        raise ValueError(f"expected {_DESCRIPTORS} sockets, got {len(descriptors)} with the answer {data[:200]!r}")
    sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    return tuple(Capture(*sockets[start : start + _DESCRIPTORS]) for start in range(0, len(sockets), _DESCRIPTORS))


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Read one line and the descriptors that come with any part of it."""
    data = b""
    descriptors: list[int] = []
    while not data.endswith(b"\n"):
        chunk, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(_VERSIONS * _DESCRIPTORS * 4))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                received = array.array("i")
                received.frombytes(content[: len(content) - len(content) % received.itemsize])
                descriptors += received
        if not chunk:
            break
        data += chunk
    try:
        answer = json.loads(data)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("status") != "ok":
        for descriptor in descriptors:
            socket.close(descriptor)
        raise ValueError(f"the sensor answered {data[:200]!r}")
    return data, descriptors
