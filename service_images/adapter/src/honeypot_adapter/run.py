"""Starts a honeypot and its adapter in one container: `python -m honeypot_adapter.run ADAPTER_MODULE -- HONEYPOT…`.

Does the duties of a container's first process: passes SIGTERM on and takes in orphans. The adapter is started again
when it crashes; it goes on where it was. The container ends when the honeypot does, after the adapter has handed over
the rest.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from types import FrameType

from honeypot_adapter.log import log

_CRASHES = 5
_CRASH_SECONDS = 60.0
_HONEYPOT_SECONDS = 3.0
_ADAPTER_SECONDS = 6.0


class Supervisor:
    """Two processes and the rule what happens when one of them ends."""

    def __init__(self, adapter: list[str], honeypot: list[str]) -> None:
        self._adapter_command = adapter
        self._honeypot_command = honeypot
        self._crashes: deque[float] = deque(maxlen=_CRASHES)
        self._stopping = False

    def run(self) -> int:
        """Run until the honeypot ends or SIGTERM comes; returns the exit status for the container."""
        signals = self._catch_signals()
        honeypot = _start(self._honeypot_command)
        adapter = _start(self._adapter_command)
        status: int | None = None
        while status is None and not self._stopping:
            select.select([signals], [], [])
            os.read(signals, 4096)
            for process, code in _ended_children():
                if process == honeypot.pid:
                    log(f"the honeypot ended with status {code}")
                    honeypot.returncode = code
                    status = code or 1
                elif process == adapter.pid:
                    log(f"the adapter ended with status {code}")
                    adapter.returncode = code
                    if self._crashed_too_often():
                        status = 1
                    else:
                        adapter = _start(self._adapter_command)
        _end(honeypot, _HONEYPOT_SECONDS)
        _end(adapter, _ADAPTER_SECONDS)
        return status or 0

    def _catch_signals(self) -> int:
        """Give a descriptor that becomes readable with every signal."""
        receiver, sender = os.pipe()
        os.set_blocking(sender, False)
        signal.set_wakeup_fd(sender)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        return receiver

    def _crashed_too_often(self) -> bool:
        now = time.monotonic()
        self._crashes.append(now)
        return len(self._crashes) == _CRASHES and now - self._crashes[0] < _CRASH_SECONDS

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)  # noqa: S603 - the image's own command


def _ended_children() -> Iterator[tuple[int, int]]:
    """Take in all children that have ended, the honeypot's orphans included: process ids and exit statuses."""
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            return
        yield process, os.waitstatus_to_exitcode(status)


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a process to end, and kill it when it does not in time."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        log(f"process {process.pid} did not end within {seconds} s and is killed")
        process.kill()
        process.wait()


def main() -> int:
    """Run the command line."""
    module, separator, *honeypot = sys.argv[1:]
    if separator != "--" or not honeypot:
        log("usage: python -m honeypot_adapter.run ADAPTER_MODULE -- HONEYPOT_COMMAND…")
        return 2
    return Supervisor([sys.executable, "-m", module], honeypot).run()


if __name__ == "__main__":
    sys.exit(main())
