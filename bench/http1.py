"""Just enough HTTP/1.1 for a load generator: it must cost little beside the server it measures. Pure."""

import re
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_ETAG = re.compile(rb"\r\netag:[ \t]*([^\r]+)", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"
_BODILESS = {204, 304}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `closes` says that the server ends the connection after it. A chunked body is not unpacked."""

    status: int
    head: bytes
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the connection is over."""
        return _CLOSE.search(self.head) is not None

    @property
    def etag(self) -> bytes:
        """The entity tag, empty if there is none."""
        found = _ETAG.search(self.head)
        return found[1] if found else b""


@dataclass(slots=True)
class Reader:
    """Collects the bytes of one answer after the other."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Answer | None:
        """Add what has come; the answer, once it is whole."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head, rest = bytes(self._buffer[: end + 2]), end + 4
        status = int(head[9:12])
        if status in _BODILESS:
            return self._taken(status, head, rest, rest)
        if _CHUNKED.search(head):
            whole = self._buffer.endswith(_LAST_CHUNK, rest)
            return self._taken(status, head, rest, len(self._buffer)) if whole else None
        length = _LENGTH.search(head)
        last = rest + (int(length[1]) if length else 0)
        return self._taken(status, head, rest, last) if len(self._buffer) >= last else None

    def _taken(self, status: int, head: bytes, start: int, end: int) -> Answer:
        body = bytes(self._buffer[start:end])
        self._buffer.clear()
        return Answer(status, head, body)


def post(host: str, path: str, body: bytes, etag: bytes = b"") -> bytes:
    """The bytes of a POST of JSON on a connection that stays open."""
    condition = b"If-None-Match: %b\r\n" % etag if etag else b""
    return (
        b"POST %b HTTP/1.1\r\nHost: %b\r\nUser-Agent: honeysens-bench\r\nContent-Type: application/json\r\n"
        b"%bContent-Length: %d\r\n\r\n%b" % (path.encode(), host.encode(), condition, len(body), body)
    )
