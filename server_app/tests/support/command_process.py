"""The server's commands as real processes, forked from one that has read their modules: to read them takes seconds."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from patience import PATIENCE

from server_app.cli import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["server_app.cli"])


class CommandProcess:
    """A command that runs in an environment of its own, with its output at the end of a file.

    It begins as a new process would but for its modules: no thread, connection or file of the tests is in it.
    """

    def __init__(self, command: str, environment: Mapping[str, str], log: Path) -> None:
        # A daemon: whatever becomes of the tests, it does not outlive them.
        self._process = CONTEXT.Process(target=_run, args=(command, dict(environment), log), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the process itself; web has further ones below it."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """As of `subprocess`; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without its doing; that it has ended already is no error."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def wait(self, timeout: float = PATIENCE) -> int:
        """Its exit code, once it has ended.

        Raises:
            AssertionError: it has not within `timeout` seconds.
        """
        self._process.join(timeout)
        code = self._process.exitcode
        assert code is not None, f"it runs after {timeout} s"
        return code


def _run(command: str, environment: dict[str, str], log: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    sys.argv = ["server-app", command]
    main()
