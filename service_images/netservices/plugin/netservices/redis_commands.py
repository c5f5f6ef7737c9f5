"""What a Redis answers to commands, with a store of a visitor's own: what one writes no other one reads."""

import time
from collections.abc import Callable

from netservices import resp
from netservices.persona import Persona
from netservices.redis_info import info

_MAX_KEYS = 64
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

_FREE_BEFORE_LOGIN = frozenset({"AUTH", "HELLO", "QUIT", "RESET"})

type Words = list[bytes]


class Commands:
    """The store and its commands."""

    def __init__(self, persona: Persona, started: float, *, closed: bool) -> None:
        self._persona = persona
        self._started = started
        self._closed = closed
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

    def answer(self, words: Words) -> bytes:
        """Give the answer to a command."""
        name = words[0].decode("latin-1").upper()
        if self._closed and name not in _FREE_BEFORE_LOGIN:
            return b"-NOAUTH Authentication required.\r\n"
        try:
            return self._commands.get(name, _unknown)(words)
        except IndexError:
            return self._wrong(words)

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
