"""PostgreSQL up to the refused login: asks for the password in the clear."""

import struct

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.frames import Messages
from netservices.journal import Visit
from netservices.persona import Persona

_VERSION = 3 << 16
_TLS, _GSS, _CANCEL = 80877103, 80877104, 80877102
_START_HEADER = 8
_HEADER = 5
_CLEARTEXT = b"R" + struct.pack(">II", 8, 3)
_FACTS = {"database": "database", "application_name": "program"}


class Postgres(Messages):
    """One connection; messages have no type until the start-up message has come."""

    def __init__(self, visit: Visit, _persona: Persona) -> None:
        super().__init__(visit)
        self._parameters: dict[str, str] | None = None

    def length(self, buffer: bytes) -> int | None:
        """Four bytes say it, behind the type where there is one."""
        if self._parameters is None:
            return max(4, int.from_bytes(buffer[:4])) if len(buffer) >= 4 else None  # noqa: PLR2004 - the length itself
        return 1 + max(4, int.from_bytes(buffer[1:_HEADER])) if len(buffer) >= _HEADER else None

    def message(self, message: bytes) -> None:
        """Take up a start-up message or a password."""
        if self._parameters is None:
            self._start(message)
        elif message[:1] == b"p":
            self._login(message[_HEADER:].rstrip(b"\0"))
        else:
            self.leave()

    def _start(self, message: bytes) -> None:
        code = int.from_bytes(message[4:_START_HEADER])
        if code in {_TLS, _GSS}:
            self.send(b"N")
        elif code == _CANCEL:
            self.leave()
        elif code >> 16 == _VERSION >> 16:
            words = [word.decode("utf-8", "backslashreplace") for word in message[_START_HEADER:].split(b"\0")]
            self._parameters = dict(zip(words[::2], words[1::2], strict=False))
            self.send(_CLEARTEXT)
        else:
            text = f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}: server supports 3.0 to 3.0"
            # The line is the one of PostgreSQL 15, by which scanners know the version.
            self._refuse("0A000", text, ("postmaster.c", "2194", "ProcessStartupPacket"))

    def _login(self, password: bytes) -> None:
        parameters = self._parameters or {}
        user = parameters.get("user", "")
        facts = {ours: parameters[name] for name, ours in _FACTS.items() if parameters.get(name)}
        secret = password.decode("utf-8", "backslashreplace")
        self.visit.tell("login", username=user, password=secret, accepted=False, **facts)
        self._refuse("28P01", f'password authentication failed for user "{user}"', ("auth.c", "326", "auth_failed"))

    def _refuse(self, code: str, text: str, place: tuple[str, str, str]) -> None:
        fields = zip("SVCMFLR", ("FATAL", "FATAL", code, text, *place), strict=True)
        body = b"".join(f"{name}{value}\0".encode() for name, value in fields) + b"\0"
        self.send(b"E" + struct.pack(">I", 4 + len(body)) + body)
        self.leave()


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak PostgreSQL."""

    def speak(visit: Visit) -> Protocol:
        return Postgres(visit, persona)

    return speak
