"""Runs of the spool's victim under strace, which kills it or lets system calls fail."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Promises:
    """What a victim's log says: acknowledged events, and those that were about to be deleted."""

    acknowledged: frozenset[str]
    deleting: frozenset[str]

    @classmethod
    def of(cls, lines: list[str]) -> "Promises":
        """Read a log's lines."""
        return cls(
            frozenset(line[1:] for line in lines if line.startswith("+")),
            frozenset(line[1:] for line in lines if line.startswith("-")),
        )


class Victims:
    """Makes victims; one at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, path: Path, events: int, *options: str) -> Promises:
        """Let a victim work with the spool under strace with these options, until it ends in whatever way."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path} {events}\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        with subprocess.Popen(
            ["strace", "-f", "-p", str(child), *options], stderr=subprocess.PIPE, text=True
        ) as strace:
            assert strace.stderr is not None
            attached = strace.stderr.readline()
            assert "attached" in attached, attached
            os.kill(child, signal.SIGCONT)
            assert self._process.stdout.readline() == "ended\n"
            strace.stderr.read()
        log = Path(f"{path}.log")
        return Promises.of(log.read_text().splitlines() if log.exists() else [])


@contextlib.contextmanager
def victims() -> Iterator[Victims]:
    """Have victims for the length of a block."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "sensor_support.spool_victim"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        yield Victims(process)
        assert process.stdin is not None
        process.stdin.close()
