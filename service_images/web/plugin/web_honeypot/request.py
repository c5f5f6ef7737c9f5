"""An attacker's request, and the ways to read it that rules look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Self
from urllib.parse import unquote

from web_honeypot.decoding import MAX_CHARACTERS, MAX_FIELDS, both, json_fields, pairs


class Upload(NamedTuple):
    """A file in a form or in a PUT."""

    field: str
    name: str
    content: bytes


@dataclass(frozen=True)
class Request:
    """A request as it came, text as Latin-1 so that no byte is lost.

    `target` is what stood in the request line; `body` its kept beginning and `body_bytes` how long it was; `form` and
    `uploads` are what a multipart body held.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    version: str = "1.1"
    body_bytes: int = 0
    form: tuple[tuple[str, str], ...] = ()
    uploads: tuple[Upload, ...] = ()
    port: int = 80
    tls: bool = False

    @classmethod
    def guessed(cls, data: bytes, *, port: int, tls: bool) -> Self:
        """Read as a request what is none, for the rules to look at."""
        line, *lines = data[:MAX_CHARACTERS].decode("latin-1").lstrip().split("\n")[:128]
        method, _, target = line.strip().partition(" ")
        headers = tuple((name, value.strip()) for name, _, value in (each.partition(":") for each in lines) if name)
        body = data.partition(b"\r\n\r\n")[2]
        return cls(method, target.rpartition(" HTTP/")[0] or target, headers, body, port=port, tls=tls)

    def header(self, name: str) -> str:
        """Give the first header of that name, in whatever case, or nothing."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def line(self) -> str:
        """The request line."""
        return f"{self.method} {self.target}" + ("" if self.version == "0.9" else f" HTTP/{self.version}")

    @property
    def raw(self) -> bytes:
        """The request as bytes."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return f"{self.line}\r\n{head}\r\n".encode("latin-1", "replace") + self.body

    @cached_property
    def path(self) -> str:
        """The path on this site, decoded once, without query; of an absolute URI, too."""
        return unquote(self._local.partition("?")[0]) or "/"

    @cached_property
    def query(self) -> str:
        """What stands behind the question mark, as it came."""
        return self._local.partition("?")[2]

    @cached_property
    def foreign(self) -> str:
        """The scheme and host of an absolute URI or the target of CONNECT: what is asked of a proxy."""
        if self.method == "CONNECT":
            return self.target
        scheme, separator, rest = self.target.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}" if separator and scheme.isalpha() else ""

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and values of query, form and JSON body."""
        return tuple(islice(self._fields(), MAX_FIELDS))

    @cached_property
    def cookies(self) -> dict[str, str]:
        """Cookies by name."""
        pairs = (part.strip().partition("=") for part in self.header("cookie").split(";")[:64])
        return {name: value for name, _, value in pairs if name}

    def view(self, place: str) -> str:
        """Give the text of `path`, `target`, `values`, `headers`, `agent`, `method` or `body` for rules to look at."""
        return self._views[place]

    @cached_property
    def _local(self) -> str:
        if not self.foreign or self.method == "CONNECT":
            return self.target
        return "/" + self.target.partition("://")[2].partition("/")[2]

    @cached_property
    def _views(self) -> dict[str, str]:
        values = "\n".join(f"{name}={value}" for name, value in self.fields)
        cookies = unquote(self.header("cookie"))
        heads = "\n".join(f"{name.lower()}: {value}" for name, value in self.headers)
        body = self.body[:MAX_CHARACTERS].decode("latin-1")
        views = {
            "path": both(self._local.partition("?")[0]),
            "target": both(self.target, query=True),
            "values": both(f"{values}\n{cookies}" if cookies else values),
            "headers": heads,
            "agent": self.header("user-agent"),
            "method": self.method,
            "body": body,
        }
        return {name: text[:MAX_CHARACTERS] for name, text in views.items()}

    def _fields(self) -> Iterator[tuple[str, str]]:
        yield from pairs(self.query)
        yield from self.form
        kind = self.header("content-type").lower()
        if "json" in kind or self.body[:1] in {b"{", b"["}:
            yield from json_fields(self.body)
        elif "multipart" not in kind and "xml" not in kind:
            yield from pairs(self.body[:MAX_CHARACTERS].decode("latin-1"))
