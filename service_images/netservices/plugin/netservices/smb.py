"""SMB 2: impacket answers, each connection in turn on a few threads; whoever comes is a guest, his proof is kept."""

import socket
from itertools import count

from twisted.internet import reactor, threads
from twisted.internet.protocol import Protocol

from honeypot_adapter.log import log
from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.frames import Messages, UnfitError
from netservices.journal import Visit
from netservices.persona import Persona
from netservices.smb_guest import Guest
from netservices.smb_server import FileServer

_HEADER = 4
_SESSION_REQUEST, _SESSION_ACCEPTED = 0x81, b"\x82\0\0\0"
_KEEP_ALIVE = 0x85
_OLD, _NEW = b"\xffSMB", b"\xfeSMB"
_NEGOTIATE = 0x72
_OLD_COMMAND_AT = 4
_THREADS = 6
_PIPE_SECONDS = 5.0
_REFUSAL = b"\xffSMBr" + bytes(4) + b"\x88\x01\xc8" + bytes(12)
_NO_DIALECT = b"\x01\xff\xff\0\0"
_IDS = slice(24, 32)


class Smb(Messages):
    """One connection; a message is a frame of NetBIOS with its header of four bytes."""

    longest = 256 * 1024

    def __init__(self, visit: Visit, persona: Persona, server: FileServer, number: int) -> None:
        super().__init__(visit)
        self._samba = persona.os_family != "windows"
        self._server = server
        self._guest = Guest(str(number))
        self._waiting: list[bytes] = []
        self._busy = False
        self._gone = False

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Make impacket know the connection."""
        host, port = self.visit.ends.source
        self._server.enter(self._guest, host, port)

    def connectionLost(self, reason: object) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Let impacket forget the connection, once it has done with it."""
        self._gone = True
        if not self._busy:
            self._finish()

    def length(self, buffer: bytes) -> int | None:
        """Three bytes say it."""
        return _HEADER + int.from_bytes(buffer[1:_HEADER]) if len(buffer) >= _HEADER else None

    def message(self, message: bytes) -> None:
        """Take up a frame."""
        body = message[_HEADER:]
        if message[0] == _SESSION_REQUEST:
            self.send(_SESSION_ACCEPTED)
        elif message[0] == _KEEP_ALIVE:
            pass
        elif body.startswith(_OLD):
            self._old(body)
        elif body.startswith(_NEW):
            self._enqueue(body)
        else:
            raise UnfitError("no SMB")

    def _old(self, body: bytes) -> None:
        """Answer a client that begins with version 1, which is only the way to version 2 here."""
        if body[_OLD_COMMAND_AT : _OLD_COMMAND_AT + 1] == bytes([_NEGOTIATE]) and b"\x02SMB 2." in body:
            self._enqueue(body)
            return
        self.visit.tell("request", body, text="SMB version 1")
        if self._samba:
            self._frame(_REFUSAL + body[_IDS] + _NO_DIALECT)
        self.leave()

    def _enqueue(self, body: bytes) -> None:
        self._waiting.append(body)
        if not self._busy:
            self._next()

    def _next(self) -> None:
        self._busy = True
        work = threads.deferToThread(self._server.answer, self._guest, self._waiting.pop(0))
        work.addCallbacks(self._answered, self._failed)

    def _answered(self, answers: list[bytes]) -> None:
        self._busy = False
        self._tell()
        if self._gone:
            self._finish()
            return
        for each in answers:
            self._frame(each)
        if self._waiting:
            self._next()

    def _failed(self, failure: object) -> None:
        log(f"smb: {failure!r}"[:500])
        self._busy = False
        self._waiting.clear()
        self._tell()
        if self._gone:
            self._finish()
        else:
            self.leave()

    def _finish(self) -> None:
        self._tell()
        self._server.leave(self._guest)

    def _tell(self) -> None:
        for what, payload, fields in self._guest.take():
            self.visit.tell(what, payload, **fields)

    def _frame(self, body: bytes) -> None:
        self.send(len(body).to_bytes(_HEADER) + body)


def speaker(persona: Persona, options: Options) -> Speaker:
    """Speak SMB as that machine does."""
    server = FileServer(persona, options.texts("smb_shares", ("public", "backup")))
    # impacket talks to its own pipes by blocking sockets: one that says nothing must not keep a thread for ever.
    socket.setdefaulttimeout(_PIPE_SECONDS)
    reactor.suggestThreadPoolSize(_THREADS)
    numbers = count()

    def speak(visit: Visit) -> Protocol:
        return Smb(visit, persona, server, next(numbers))

    return speak
