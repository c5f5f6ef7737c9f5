"""MySQL and MariaDB up to the refused login; what clients prove their password with can be cracked offline."""

import secrets
import struct
from collections.abc import Iterator
from itertools import count

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from netservices.door import Speaker
from netservices.frames import Messages, UnfitError
from netservices.journal import Visit
from netservices.persona import Persona

_NATIVE = b"mysql_native_password"
_SALT = 20
_CAPABILITIES = 0x81FFF7FE
"""All that MariaDB 10.11 says, which leaves TLS out."""
_MYSQL_CAPABILITIES = 0xDFFFF7FF
_WITH_DATABASE, _SECURE, _PLUGIN, _LENGTH_ENCODED = 0x8, 0x8000, 0x80000, 0x200000
_TLS_REQUEST_BYTES = 32
_USER_AT = 32
_ACCESS_DENIED = 1045
_TWO_BYTES = 0xFC


class MySql(Messages):
    """One connection; a message is a packet with its header of four bytes."""

    def __init__(self, visit: Visit, persona: Persona, threads: Iterator[int]) -> None:
        super().__init__(visit)
        self._software = persona.software
        self._thread = next(threads)
        # The salt must hold no zero, which would end it.
        self._salt = bytes(1 + secrets.randbelow(127) for _ in range(_SALT))
        self._user: str | None = None
        self._facts: dict[str, str] = {}

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greet."""
        maria = "MariaDB" in self._software.mysql
        capabilities = _CAPABILITIES if maria else _MYSQL_CAPABILITIES
        greeting = b"\x0a" + self._software.mysql.encode() + b"\0" + struct.pack("<I", self._thread) + self._salt[:8]
        greeting += b"\0" + struct.pack("<HBHHB", capabilities & 0xFFFF, 45, 2, capabilities >> 16, _SALT + 1)
        greeting += bytes(6) + self._software.mysql_extensions + self._salt[8:] + b"\0" + _NATIVE + b"\0"
        self._packet(0, greeting)

    def length(self, buffer: bytes) -> int | None:
        """Three bytes say it."""
        return 4 + int.from_bytes(buffer[:3], "little") if len(buffer) >= 4 else None  # noqa: PLR2004 - the header

    def message(self, message: bytes) -> None:
        """Take up the login, or the answer to the question for another proof."""
        number, body = message[3], message[4:]
        if self._user is not None:
            self._refuse(number + 1, body)
            return
        if len(body) <= _TLS_REQUEST_BYTES:
            raise UnfitError("no login")
        user, proof, plugin = self._login(body)
        self._user = user
        if proof and plugin not in {_NATIVE, b""}:
            self._packet(number + 1, b"\xfe" + _NATIVE + b"\0" + self._salt + b"\0")
        else:
            self._refuse(number + 1, proof)

    def _login(self, body: bytes) -> tuple[str, bytes, bytes]:
        """Take a login apart: user, proof and the method of proof."""
        (capabilities,) = struct.unpack_from("<I", body)
        user, _, rest = body[_USER_AT:].partition(b"\0")
        if capabilities & (_LENGTH_ENCODED | _SECURE):
            at, size = (1, rest[0]) if rest[:1] != bytes([_TWO_BYTES]) else (3, int.from_bytes(rest[1:3], "little"))
            proof, rest = rest[at : at + size], rest[at + size :]
        else:
            proof, _, rest = rest.partition(b"\0")
        if capabilities & _WITH_DATABASE:
            database, _, rest = rest.partition(b"\0")
            self._facts["database"] = _text(database)
        plugin, _, _attributes = rest.partition(b"\0")
        return _text(user), proof, plugin if capabilities & _PLUGIN else b""

    def _refuse(self, number: int, proof: bytes) -> None:
        user = self._user or ""
        facts = dict(self._facts)
        if len(proof) == _SALT:
            facts["hash"] = f"$mysqlna${self._salt.hex()}*{proof.hex()}"
        elif proof.strip(b"\0"):
            facts["password"] = _text(proof.strip(b"\0"))
        else:
            facts["password"] = ""
        self.visit.tell("login", username=user, accepted=False, **facts)
        using = "YES" if proof else "NO"
        text = f"Access denied for user '{user}'@'{self.visit.ends.source[0]}' (using password: {using})"
        self._packet(number, b"\xff" + struct.pack("<H", _ACCESS_DENIED) + b"#28000" + text.encode())
        self.leave()

    def _packet(self, number: int, body: bytes) -> None:
        self.send(struct.pack("<I", len(body))[:3] + bytes([number & 0xFF]) + body)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def speaker(persona: Persona, _options: Options) -> Speaker:
    """Speak MySQL as that machine does; threads are numbered from where this sensor begins."""
    threads = count(40 + persona.identity.number("mysql-thread", 4000))

    def speak(visit: Visit) -> Protocol:
        return MySql(visit, persona, threads)

    return speak
