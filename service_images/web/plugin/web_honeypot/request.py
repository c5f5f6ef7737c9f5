"""An attacker's request, and the ways to read it that rules look at."""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, unquote_plus

MAX_FIELDS = 256
_VIEW_CHARACTERS = 64 * 1024
_JSON_DEPTH = 6
_ROUNDS = 3


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
        body = self.body[:_VIEW_CHARACTERS].decode("latin-1")
        views = {
            "path": both(self._local.partition("?")[0]),
            "target": both(self.target, query=True),
            "values": both(f"{values}\n{cookies}" if cookies else values),
            "headers": heads,
            "agent": self.header("user-agent"),
            "method": self.method,
            "body": body,
        }
        return {name: text[:_VIEW_CHARACTERS] for name, text in views.items()}

    def _fields(self) -> Iterator[tuple[str, str]]:
        yield from pairs(self.query)
        yield from self.form
        kind = self.header("content-type").lower()
        if "json" in kind or self.body[:1] in {b"{", b"["}:
            yield from _json_fields(self.body)
        elif "multipart" not in kind and "xml" not in kind:
            yield from pairs(self.body[:_VIEW_CHARACTERS].decode("latin-1"))


def pairs(text: str) -> list[tuple[str, str]]:
    """Read `a=b&c=d`; without any `=` there is nothing to read."""
    try:
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError:
        first = text[:_VIEW_CHARACTERS].split("&")[:MAX_FIELDS]
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in (part.partition("=") for part in first)]


def both(text: str, *, query: bool = False) -> str:
    """Give a text as it came and, where that differs, decoded: percent signs up to three times, entities of HTML.

    Args:
        text: what the client sent.
        query: it holds a query, where a plus is a space.
    """
    plain = text.replace("+", " ") if query else text
    for _ in range(_ROUNDS):
        more = unquote(plain)
        if more == plain:
            break
        plain = more
    plain = html.unescape(plain) if "&" in plain and ";" in plain else plain
    return text if plain == text else f"{text}\n{plain}"


def _json_fields(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return
    yield from _flat("", parsed, 0)


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _JSON_DEPTH:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(str(key), part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _flat(name, part, depth + 1)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value)
