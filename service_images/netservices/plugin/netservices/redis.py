"""Redis without a password, or with one that nobody knows: answers the usual commands and forgets what it was told."""

import time

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from honeypot_adapter.text import printable
from netservices import resp
from netservices.door import Speaker
from netservices.journal import Visit
from netservices.persona import Persona
from netservices.redis_commands import Commands, Words

_HARMLESS = frozenset(
    {"PING", "ECHO", "INFO", "COMMAND", "CLIENT", "SELECT", "DBSIZE", "TIME", "LASTSAVE", "HELLO", "ROLE", "RESET"}
)
_TAKE_OVER = frozenset({"SLAVEOF", "REPLICAOF", "MODULE", "EVAL", "EVALSHA", "DEBUG", "MIGRATE", "FUNCTION", "SCRIPT"})


class Redis(Protocol):
    """One connection."""

    def __init__(self, visit: Visit, commands: Commands) -> None:
        self._visit = visit
        self._commands = commands
        self._buffer = b""

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Answer all requests that are complete."""
        self._buffer += data
        try:
            while self._buffer and (parsed := resp.request(self._buffer)) is not None:
                words, taken = parsed
                self._buffer = self._buffer[taken:]
                if words and not self._take(words):
                    self.transport.loseConnection()
                    return
        except resp.BadRequestError as error:
            self._visit.tell("request", self._buffer, text=str(error))
            self.transport.write(f"-ERR {error}\r\n".encode())
            self.transport.loseConnection()

    def _take(self, words: Words) -> bool:
        """Tell and answer a command; false when the visitor takes leave."""
        name = words[0].decode("latin-1").upper()
        self._tell(name, words)
        if name == "QUIT":
            self.transport.write(b"+OK\r\n")
            return False
        self.transport.write(self._commands.answer(words))
        return True

    def _tell(self, name: str, words: Words) -> None:
        if name == "AUTH":
            user, password = words[1:3] if len(words) > 2 else [b"default", *words[1:2], b""][:2]  # noqa: PLR2004 - AUTH user password
            self._visit.tell("login", username=printable(user), password=printable(password), accepted=False)
            return
        line = b" ".join(words)
        writes_file = name == "CONFIG" and [word.upper() for word in words[1:2]] == [b"SET"]
        what = "exploit" if name in _TAKE_OVER or writes_file else "request" if name in _HARMLESS else "command"
        if name != "QUIT":
            plain = line.isascii() and line.decode().isprintable()
            self._visit.tell(what, b"" if plain else line, text=printable(line))


def speaker(persona: Persona, options: Options) -> Speaker:
    """Speak Redis as that machine does; it seems to have run for some days, how long is this sensor's own."""
    closed = options.flag("redis_password", default=False)
    started = time.time() - 86400 - persona.identity.number("redis-uptime", 60 * 86400)

    def speak(visit: Visit) -> Protocol:
        return Redis(visit, Commands(persona, started, closed=closed))

    return speak
