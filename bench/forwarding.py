"""Lets the measured server forward its events meanwhile, to a receiver that is started here."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bench.admin import Admin
from bench.errors import BenchError
from bench.results import Result

SETTINGS = "/settings/forwarding"
LAST_SECONDS = 300
OFF = "forwarding outbox off"


@dataclass
class Forwarding:
    """Where events go; `told` says it of a result.

    Args:
        admin: an administrator of the server.
        sink: the receiver's process; None where the server forwards nothing to us.
    """

    admin: Admin
    sink: "subprocess.Popen[str] | None" = None
    _told: int = 0

    def told(self, result: Result) -> Result:
        """The result with the condition, after the last event of its load has arrived."""
        if self.sink is None:
            return replace(result, conditions=f"{result.conditions}; {OFF}")
        began, before = time.monotonic(), self.arrived() - self._told
        while waiting := self._waiting():
            if time.monotonic() - began > LAST_SECONDS:
                raise BenchError(f"{waiting} events are still to be forwarded after {LAST_SECONDS} s: see the worker.")
            time.sleep(0.1)
        text = f"forwarding outbox on (syslog over TCP): {before:,} messages had arrived at the end of the load"
        late = self.arrived() - self._told - before
        self._told += before + late
        text += f", {late:,} more within {time.monotonic() - began:.1f} s" if late else ""
        return replace(result, conditions=f"{result.conditions}; {text}")

    def arrived(self) -> int:
        """How many messages have arrived so far."""
        assert self.sink is not None  # noqa: S101 - callers have asked
        assert self.sink.stdin is not None  # noqa: S101 - it is a pipe
        assert self.sink.stdout is not None  # noqa: S101 - so is this
        self.sink.stdin.write("\n")
        self.sink.stdin.flush()
        return int(self.sink.stdout.readline())

    def _waiting(self) -> int:
        state: dict[str, Any] = self.admin.get("/forwarding")
        if state["failure"]:
            raise BenchError(f"The server cannot forward to us: {state['failure']}")
        return int(state["waiting"])


@contextmanager
def forwarding(admin: Admin, address: str | None) -> Iterator[Forwarding]:
    """Forward to us as long as it lasts.

    Args:
        admin: an administrator of the server.
        address: this machine as the server's worker sees it; None forwards nothing.

    Raises:
        BenchError: the server forwards to somebody else already, or cannot reach us.
    """
    if address is None:
        yield Forwarding(admin)
        return
    before = admin.get("/settings")["forwarding"]
    if before["enabled"]:
        raise BenchError(f"The server forwards to {before['host']} already: leave --receiver-address out.")
    command = [sys.executable, "-m", "bench.syslog_sink", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:  # noqa: S603 - our own module
        try:
            assert sink.stdout is not None  # noqa: S101 - it is a pipe
            port = sink.stdout.readline().strip()
            if not port:
                raise BenchError(f"Nothing can listen on {address}. Name an address of this machine.")
            where = {"host": address, "port": int(port), "transport": "tcp", "least_severity": "info"}
            admin.call("PATCH", SETTINGS, where)
            tested = admin.call("POST", "/forwarding/test").json()
            if not tested["delivered"]:
                raise BenchError(f"The server cannot forward to us: {tested['failure']}")
            admin.call("PATCH", SETTINGS, {"enabled": True})
            try:
                forwarded = Forwarding(admin, sink)
                yield replace(forwarded, _told=forwarded.arrived())  # the test message
            finally:
                admin.call("PATCH", SETTINGS, before)
        finally:
            sink.kill()
