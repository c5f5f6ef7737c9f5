"""Redis without a password, or with one that nobody knows: answers the usual commands and forgets what it was told."""

import time
from collections.abc import Callable

from twisted.internet.protocol import Protocol

from honeypot_adapter.options import Options
from honeypot_adapter.text import printable
from netservices import resp
from netservices.door import Speaker
from netservices.journal import Visit
from netservices.persona import Persona
from netservices.redis_info import info

_MAX_KEYS = 64
_HARMLESS = frozenset(
    {"PING", "ECHO", "INFO", "COMMAND", "CLIENT", "SELECT", "DBSIZE", "TIME", "LASTSAVE", "HELLO", "ROLE", "RESET"}
)
_TAKE_OVER = frozenset({"SLAVEOF", "REPLICAOF", "MODULE", "EVAL", "EVALSHA", "DEBUG", "MIGRATE", "FUNCTION", "SCRIPT"})
_FREE_BEFORE_LOGIN = frozenset({"AUTH", "HELLO", "QUIT", "RESET"})
_OK = b"+OK\r\n"
_CONFIG = {
    b"dir": b"/var/lib/redis",
    b"dbfilename": b"dump.rdb",
    b"maxmemory": b"0",
    b"save": b"3600 1 300 100 60 10000",
    b"appendonly": b"no",
    b"requirepass": b"",
    b"protected-mode": b"no",
    b"databases": b"16",
}

type Words = list[bytes]


class Redis(Protocol):
    """One connection, with a store of its own: what one visitor writes no other one reads."""

    def __init__(self, visit: Visit, persona: Persona, started: float, *, closed: bool) -> None:
        self._visit = visit
        self._persona = persona
        self._started = started
        self._closed = closed
        self._buffer = b""
        self._keys: dict[bytes, bytes] = {}
        self._config = dict(_CONFIG)
        self._commands: dict[str, Callable[[Words], bytes]] = {
            "PING": lambda words: resp.answer(words[1]) if len(words) > 1 else b"+PONG\r\n",
            "ECHO": lambda words: resp.answer(words[1]),
            "INFO": self._info,
            "AUTH": self._auth,
            "HELLO": lambda _words: b"-NOPROTO unsupported protocol version\r\n",
            "COMMAND": lambda _words: resp.answer([]),
            "SET": self._set,
            "GET": lambda words: resp.answer(self._keys.get(words[1])),
            "DEL": lambda words: resp.answer(sum(self._keys.pop(key, None) is not None for key in words[1:])),
            "EXISTS": lambda words: resp.answer(sum(key in self._keys for key in words[1:])),
            "TYPE": lambda words: b"+string\r\n" if words[1] in self._keys else b"+none\r\n",
            "KEYS": lambda _words: resp.answer(list(self._keys)),
            "SCAN": lambda _words: resp.answer([b"0", list(self._keys)]),
            "DBSIZE": lambda _words: resp.answer(len(self._keys)),
            "CONFIG": self._configure,
            "MODULE": self._module,
            "SLAVEOF": lambda _words: _OK,
            "REPLICAOF": lambda _words: _OK,
            "ROLE": lambda _words: resp.answer([b"master", 0, []]),
            "TIME": lambda _words: resp.answer([b"%d" % time.time(), b"%d" % (time.time_ns() // 1000 % 10**6)]),
            "BGSAVE": lambda _words: b"+Background saving started\r\n",
            "BGREWRITEAOF": lambda _words: b"+Background append only file rewriting started\r\n",
            "LASTSAVE": lambda _words: resp.answer(int(started)),
        } | dict.fromkeys(("SELECT", "CLIENT", "SAVE", "FLUSHALL", "FLUSHDB", "EXPIRE", "RESET"), lambda _words: _OK)

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
            self.transport.write(_OK)
            return False
        if self._closed and name not in _FREE_BEFORE_LOGIN:
            self.transport.write(b"-NOAUTH Authentication required.\r\n")
            return True
        try:
            self.transport.write(self._commands.get(name, _unknown)(words))
        except IndexError:
            self.transport.write(self._wrong(words))
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

    def _info(self, words: Words) -> bytes:
        section = words[1].decode("latin-1").lower() if len(words) > 1 else ""
        return resp.answer(info(self._persona, time.time() - self._started, section).encode())

    def _auth(self, words: Words) -> bytes:
        if self._closed or len(words) > 2:  # noqa: PLR2004 - AUTH user password
            return b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
        if len(words) == 1:
            return self._wrong(words)
        return (
            b"-ERR AUTH <password> called without any password configured for the default user. "
            b"Are you sure your configuration is correct?\r\n"
        )

    def _set(self, words: Words) -> bytes:
        if len(self._keys) >= _MAX_KEYS:
            self._keys.pop(next(iter(self._keys)))
        self._keys[words[1]] = words[2][:4096]
        return _OK

    def _configure(self, words: Words) -> bytes:
        match words[1].upper():
            case b"GET":
                wanted = words[2].lower()
                found = {key: value for key, value in self._config.items() if wanted in {key, b"*"}}
                return resp.answer([part for pair in found.items() for part in pair])
            case b"SET" if words[2].lower() in self._config:
                self._config[words[2].lower()] = words[3][:4096]
                return _OK
            case b"SET":
                return b"-ERR Unknown option or number of arguments for CONFIG SET - '%b'\r\n" % words[2][:128]
        return _OK

    def _module(self, words: Words) -> bytes:
        if words[1].upper() == b"LIST":
            return resp.answer([])
        return b"-ERR Error loading the extension. Please check the server logs.\r\n"

    def _wrong(self, words: Words) -> bytes:
        return b"-ERR wrong number of arguments for '%b' command\r\n" % words[0].lower()[:128]


def _unknown(words: Words) -> bytes:
    name, arguments = words[0][:128], b"".join(b"'%b' " % word[:128] for word in words[1:4])
    text = b"-ERR unknown command '%b', with args beginning with: %b" % (name, arguments)
    return text.replace(b"\r", b" ").replace(b"\n", b" ") + b"\r\n"


def speaker(persona: Persona, options: Options) -> Speaker:
    """Speak Redis as that machine does; it seems to have run for some days, how long is this sensor's own."""
    closed = options.flag("redis_password", default=False)
    started = time.time() - 86400 - persona.identity.number("redis-uptime", 60 * 86400)

    def speak(visit: Visit) -> Protocol:
        return Redis(visit, persona, started, closed=closed)

    return speak
