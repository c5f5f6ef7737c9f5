"""The sensor's end of a honeypot's socket, for tests: real socket, real types of the contract."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from sensor_wire.honeypot.socket import Answer, AnswerStatus, CaptureRequest, Submission
from sensor_wire.v1.event import MAX_EVENT_BYTES, EventBody

type Decide = Callable[[EventBody], AnswerStatus]


class SensorEnd:
    """Validates and acknowledges what adapters send; may be stopped and started again as a sensor's manager is.

    `events` are those acknowledged as stored, in their order, resent ones included; `problems` what broke the contract.
    """

    def __init__(self, path: Path, descriptors: Sequence[int] = ()) -> None:
        self.path = path
        self.descriptors = descriptors
        self.events: list[EventBody] = []
        self.problems: list[str] = []
        self.decide: Decide = lambda _event: AnswerStatus.STORED
        self.lose_answers = 0
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path.unlink(missing_ok=True)
        self._listener.bind(str(self.path))
        self.path.chmod(0o666)
        self._listener.listen()
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        self.path.unlink(missing_ok=True)
        for connection in [self._listener, *self._connections]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(10)
        self._connections.clear()
        self._threads.clear()

    def _spawn(self, target: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(connection,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        return
                    if not self._answer(connection, line):
                        return
        except OSError:
            return

    def _answer(self, connection: socket.socket, line: bytes) -> bool:
        if len(line) > MAX_EVENT_BYTES:
            self.problems.append(f"a line of {len(line)} bytes: {line[:200]!r}")
        data: Any = json.loads(line)
        if "request" in data:
            request = CaptureRequest.parse_strict(data)
            answer = Answer(status=AnswerStatus.OK).model_dump_json(exclude_none=True).encode() + b"\n"
            socket.send_fds(connection, [answer], self.descriptors if request.ipv6 else self.descriptors[:3])
            return True
        try:
            event = Submission.parse_strict(data).event
        except ValueError as error:
            self.problems.append(f"{error} in {line[:500]!r}")
            connection.sendall(
                Answer(status=AnswerStatus.REJECTED, reason="invalid").model_dump_json().encode() + b"\n"
            )
            return True
        status = self.decide(event)
        if status is AnswerStatus.STORED:
            self.events.append(event)
        if self.lose_answers:
            self.lose_answers -= 1
            connection.close()
            return False
        connection.sendall(Answer(status=status, id=event.id).model_dump_json(exclude_none=True).encode() + b"\n")
        return True
