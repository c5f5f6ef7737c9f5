"""A program that works for one interface beside the manager: it goes on without it, and is found again."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sensor_manager.effects.errors import EffectError
from sensor_manager.files import write_durably


class HelperProcess:
    """At most one process of a program for an interface.

    Args:
        program: its name.
        interface: stands in its command line.
        pid: file with the process's number.
    """

    def __init__(self, program: str, interface: str, pid: Path) -> None:
        self._program = program
        self._interface = interface
        self._pid = pid
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it runs, started by this manager or by the one before."""
        return self._process.poll() is None if self._process is not None else self._found() is not None

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> None:
        """Start it in a folder with `-i` and the interface; nothing secret may stand in the arguments.

        Raises:
            EffectError: the program is missing or cannot be started.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed tool, the interface is the operator's
                [self._program, "-i", self._interface, *arguments],
                env=os.environ | environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise EffectError(f"{self._program} is not installed; add its package to the sensor") from error
        except OSError as error:
            raise EffectError(f"{self._program} did not start: {error}") from error
        write_durably(self._pid, str(self._process.pid))

    def stop(self) -> None:
        """End it, whoever started it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        elif (process := self._found()) is not None:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        self._pid.unlink(missing_ok=True)

    def _found(self) -> int | None:
        try:
            process = int(self._pid.read_text(encoding="ascii"))
            command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return process if {self._program.encode(), self._interface.encode()} <= set(command) else None
