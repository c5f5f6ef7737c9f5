"""What somebody does to a sensor with a real client, and what has to be told of it."""

import os
import select
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import IO

from sensor_support.builders import PATIENCE
from sensor_support.namespaces import SENSOR, Visitor

CURL = ("curl", "-sSvk", "--globoff", "--path-as-is", "--max-time", "120")


@dataclass(frozen=True)
class Attack:
    """One visit.

    Attributes:
        service: the honeypot that it meets.
        port: what it addresses, with `target`; an attack without ports has none.
        command: the client; `ADDRESS` in it stands for the target.
        told: what the events of the session say: by a detail's kind, a part of its data.
        answer: what the client shows at its end.
        gravest: the severity of one of these events; none is above it.
        said: what the client reads from its standard input at once.
        dialogue: what a client who waits is told, and when: behind these words, this line.
        environment: what the client finds there; its home is a new one.
        source_port: the port that the client was told to use, if it was.
    """

    service: str
    port: int | None
    command: tuple[str, ...]
    told: Mapping[str, str]
    gravest: str
    answer: str = ""
    target: str = SENSOR
    protocol: str = "tcp"
    said: str = ""
    source_port: int | None = None
    dialogue: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, visitor: Visitor) -> str:
        """Do it from a visitor's machine; returns all that the client shows."""
        command = ["ip", "netns", "exec", visitor.namespace]
        command += [word.replace("ADDRESS", self.target) for word in self.command]
        pipe, both = subprocess.PIPE, subprocess.STDOUT
        with TemporaryDirectory() as home:
            environment = {**os.environ, "HOME": home, **self.environment}
            with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=both, env=environment, bufsize=0) as client:
                assert client.stdout is not None
                shown = b"".join(self._converse(client, client.stdout))
                rest, _ = client.communicate(self.said.encode() or None, timeout=PATIENCE)
        return (shown + rest).decode(errors="replace")

    def _converse(self, client: subprocess.Popen[bytes], output: IO[bytes]) -> list[bytes]:
        shown = []
        for words, line in self.dialogue:
            shown.append(_read_until(output, words.encode()))
            assert client.stdin is not None
            client.stdin.write(f"{line}\n".encode())
            client.stdin.flush()
        return shown


def _read_until(output: IO[bytes], words: bytes) -> bytes:
    """Read up to these words, and not a byte more."""
    came = b""
    while not came.endswith(words):
        ready, _, _ = select.select([output], [], [], PATIENCE)
        byte = os.read(output.fileno(), 1) if ready else b""
        assert byte, f"waited for {words!r}; came {came!r} and no more"
        came += byte
    return came
