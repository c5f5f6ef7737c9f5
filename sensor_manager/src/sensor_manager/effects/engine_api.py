"""Docker's HTTP API over its Unix socket, as far as the manager needs it."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from sensor_manager.effects.errors import EffectError

VERSION = "v1.41"
TIMEOUT = 60.0
SCHEME = "unix://"
MAX_REASON = 1000
NOT_FOUND = 404
ERRORS = 400
FRAME_HEADER = 8

type Query = Mapping[str, object]


class GoneError(EffectError):
    """There is no such object (any more)."""


class EngineApi:
    """Requests to one engine; safe for use by many threads.

    Args:
        url: `unix://` and the socket's path.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(SCHEME):
            raise EffectError(f"{url} is no address of a container engine on this machine; it begins with {SCHEME}")
        self._pool = _pool(url.removeprefix(SCHEME))

    def call(self, method: str, path: str, query: Query | None = None, body: object = None) -> Any:
        """Send a request; returns what the answer's JSON says, None when it is empty.

        Raises:
            GoneError: there is no such object.
            EffectError: the engine refuses or does not answer.
        """
        content = self.read(method, path, query, body)
        return json.loads(content) if content.strip() else None

    def read(self, method: str, path: str, query: Query | None = None, body: object = None) -> bytes:
        """Send a request; returns the answer as it is."""
        try:
            return self._open(method, path, query, body).data
        except (HTTPError, OSError) as error:
            raise _silent(error) from error

    def steps(self, method: str, path: str, query: Query) -> Iterator[dict[str, Any]]:
        """Send a request whose answer is JSON documents that come one by one while the engine works."""
        rest = b""
        try:
            answer = self._open(method, path, query, None)
            with answer:
                for chunk in answer.stream():
                    *lines, rest = (rest + chunk).split(b"\n")
                    yield from (json.loads(line) for line in lines if line.strip())
        except (HTTPError, OSError) as error:
            raise _silent(error) from error
        if rest.strip():
            yield json.loads(rest)

    def _open(self, method: str, path: str, query: Query | None, body: object) -> BaseHTTPResponse:
        answer = self._pool.request(
            method,
            f"/{VERSION}{quote(path, safe='/:@')}{'?' + urlencode(query) if query else ''}",
            body=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=Timeout(TIMEOUT),
        )
        if answer.status >= ERRORS:
            raise (GoneError if answer.status == NOT_FOUND else EffectError)(_reason(answer))
        return answer


@contextmanager
def saying(what: str, *, gone_is_done: bool = False) -> Iterator[None]:
    """Say what did not work; what is gone already need not be stopped or removed."""
    try:
        yield
    except GoneError as error:
        if not gone_is_done:
            raise EffectError(f"{what}: {error}") from error
    except EffectError as error:
        raise EffectError(f"{what}: {error}") from error


def lines_of(frames: bytes) -> bytes:
    """Return what a container wrote, out of the frames in which the engine hands over both of its outputs."""
    written = b""
    while len(frames) >= FRAME_HEADER:
        end = FRAME_HEADER + int.from_bytes(frames[4:FRAME_HEADER])
        written += frames[FRAME_HEADER:end]
        frames = frames[end:]
    return written


def _reason(answer: BaseHTTPResponse) -> str:
    said = answer.data
    try:
        return str(json.loads(said)["message"])[:MAX_REASON]
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status}: {said[:MAX_REASON].decode(errors='replace')}"


def _silent(error: Exception) -> EffectError:
    return EffectError(f"{error}; is the engine running?")


def _pool(path: str) -> HTTPConnectionPool:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(TIMEOUT)
            self.sock.connect(path)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool("engine", maxsize=4)
