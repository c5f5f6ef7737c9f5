"""What a honeypot's adapter does at its socket, in single steps."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sensor_support.builders import event

MOST_SOCKETS = 6


def submit(path: Path, **changes: Any) -> str:
    """Hand over an event; returns the answer, empty while nobody listens."""
    with _adapter(path) as adapter:
        if adapter is None:
            return ""
        body = event(**changes).model_dump(mode="json", exclude={"service"})
        adapter.sendall(json.dumps({"event": body}).encode() + b"\n")
        return adapter.recv(4096).decode()


def capture(path: Path, *, ipv6: bool = False) -> list[socket.socket]:
    """Ask for the capture sockets; none while they cannot be had."""
    with _adapter(path) as adapter:
        if adapter is None:
            return []
        adapter.sendall(b'{"request":"capture","ipv6":true}\n' if ipv6 else b'{"request":"capture"}\n')
        _, descriptors, _, _ = socket.recv_fds(adapter, 4096, MOST_SOCKETS)
    return [socket.socket(fileno=each) for each in descriptors]


@contextmanager
def _adapter(path: Path) -> Iterator[socket.socket | None]:
    with socket.socket(socket.AF_UNIX) as adapter:
        adapter.settimeout(5)
        try:
            adapter.connect(str(path))
        except OSError:
            yield None
        else:
            yield adapter
