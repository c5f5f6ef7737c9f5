"""One connection of a honeypot's adapter: a line in, an answer out, in order."""

import json
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import IO

import structlog
from pydantic import ValidationError

from sensor_manager.plan.destination import Exposure, Flow, as_outside, doubtful
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_wire.honeypot.socket import Answer, AnswerStatus, CaptureRequest, Submission
from sensor_wire.v1.event import MAX_EVENT_BYTES, Endpoint, Event

MAX_LINE_BYTES = MAX_EVENT_BYTES + 4096
MAX_REASON = 256

log = structlog.get_logger(__name__)

type Capture = Callable[[str, CaptureRequest], Sequence[socket.socket]]
"""Makes the capture sockets of the named catch-all service; raises `CaptureUnavailableError` for all others."""


class CaptureUnavailableError(Exception):
    """The service may not capture, or its network namespace is not prepared yet (`temporary`)."""

    def __init__(self, reason: str, *, temporary: bool) -> None:
        super().__init__(reason)
        self.temporary = temporary


class Dialogue:
    """Answers the lines of one connection.

    Args:
        service: the service whose socket it is.
        store: where its events go.
        exposure: how the service is reached at this moment.
        capture: makes the sockets for a catch-all service.
        addressed: asks the kernel where a connection was sent to.
    """

    def __init__(
        self,
        service: str,
        store: SpoolStore,
        exposure: Callable[[], Exposure],
        capture: Capture,
        addressed: Callable[[Flow], Endpoint | None] = lambda _flow: None,
    ) -> None:
        self._service = service
        self._store = store
        self._exposure = exposure
        self._capture = capture
        self._addressed = addressed

    def run(self, connection: socket.socket) -> None:
        """Answer until the adapter closes or sends a line that is too long to be an event."""
        with connection.makefile("rb") as lines:
            while line := _read_line(lines):
                if len(line) > MAX_LINE_BYTES:
                    self._count_refused()
                    _send(connection, _rejected(f"the line is longer than {MAX_LINE_BYTES} bytes"))
                    return
                if not line.endswith(b"\n"):
                    return  # the adapter died within a line; it sends the event again
                self._answer(connection, line)

    def _answer(self, connection: socket.socket, line: bytes) -> None:
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            self._count_refused()
            _send(connection, _rejected(f"the line is not JSON: {error}"))
            return
        if isinstance(document, dict) and "request" in document:
            self._answer_request(connection, document)
        else:
            _send(connection, self._store_event(document))

    def _store_event(self, document: object) -> Answer:
        try:
            body, exposure = Submission.model_validate(document).event, self._exposure()
            flow = doubtful(body, exposure)
            addressed = None if flow is None else self._addressed(flow)
            event = Event(**dict(as_outside(body, exposure, addressed)), service=self._service)
        except (ValidationError, RecursionError) as error:
            reason = _first_error(error)
            log.warning("event of a honeypot rejected", service=self._service, reason=reason)
            self._count_refused()
            return _rejected(reason)
        if len(event.model_dump_json()) > MAX_EVENT_BYTES:
            self._count_refused()
            return _rejected(f"the event is longer than {MAX_EVENT_BYTES} bytes")
        try:
            self._store.append(event)
        except SpoolUnavailableError as error:
            return Answer(status=AnswerStatus.BUSY, reason=str(error)[:MAX_REASON])
        return Answer(status=AnswerStatus.STORED, id=event.id)

    def _count_refused(self) -> None:
        try:
            self._store.note_refused()
        except SpoolUnavailableError as error:
            log.warning("refused event not counted", service=self._service, reason=str(error))

    def _answer_request(self, connection: socket.socket, document: object) -> None:
        try:
            request = CaptureRequest.model_validate(document)
        except ValidationError as error:
            _send(connection, _rejected(_first_error(error)))
            return
        with ExitStack() as stack:
            try:
                sockets = [stack.enter_context(each) for each in self._capture(self._service, request)]
            except CaptureUnavailableError as error:
                status = AnswerStatus.BUSY if error.temporary else AnswerStatus.REJECTED
                _send(connection, Answer(status=status, reason=str(error)[:MAX_REASON]))
                return
            except OSError as error:
                log.exception("capture sockets not made", service=self._service)
                _send(
                    connection,
                    Answer(status=AnswerStatus.BUSY, reason=f"capture sockets not made: {error}"[:MAX_REASON]),
                )
                return
            line = _line(Answer(status=AnswerStatus.OK))
            socket.send_fds(connection, [line], [each.fileno() for each in sockets])
        log.info("capture sockets handed over", service=self._service)


def _read_line(lines: IO[bytes]) -> bytes:
    return lines.readline(MAX_LINE_BYTES + 1)


def _line(answer: Answer) -> bytes:
    return answer.model_dump_json(exclude_none=True).encode() + b"\n"


def _send(connection: socket.socket, answer: Answer) -> None:
    connection.sendall(_line(answer))


def _rejected(reason: str) -> Answer:
    return Answer(status=AnswerStatus.REJECTED, reason=reason[:MAX_REASON])


def _first_error(error: ValidationError | RecursionError) -> str:
    """Name the first offending field without repeating its content, which is an attacker's."""
    if isinstance(error, RecursionError):
        return "the line is nested too deeply"
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'/'.join(str(part) for part in first['loc'])}: {first['msg']}"
