"""Messages of SIP, taken apart and put together. Bytes that are no ASCII survive as surrogates.

Twisted's parser of them is not used: it takes no bytes beyond UTF-8, no `tel:` and no address of IPv6, counts bodies in
characters, and its servers answer to whatever host a message names.
"""

import re
from collections.abc import Iterable
from email.parser import BytesHeaderParser
from typing import NamedTuple, Self
from urllib.parse import unquote

_SHORT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "k": "supported",
}
_FIRST_LINE = re.compile(r"([A-Za-z][A-Za-z0-9.!%*_+`'~-]{0,31}) (\S{1,1024}) SIP/2\.0\s*")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_SPACE = re.compile(rb"^([^\s:]+)[ \t]+:", re.MULTILINE)
"""SIP allows it before the colon, mail does not."""
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_URI = re.compile(r"(?:<|^|\s)(?:sips?|tel):([^<>\s]*)", re.IGNORECASE)
_MAX_VIAS = 8
_REQUIRED = ("via", "from", "to", "call-id", "cseq")


class Request(NamedTuple):
    """`headers` are in the order they came in, by their long names in small letters, each on one line."""

    method: str
    uri: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, data: bytes) -> Self | None:
        """Take a message apart; None: it is no request that could be answered."""
        first, _, rest = data.lstrip(b"\r\n").partition(b"\n")
        line = _FIRST_LINE.fullmatch(first.decode("ascii", "surrogateescape"))
        if line is None:
            return None
        parsed = BytesHeaderParser().parsebytes(_SPACE.sub(rb"\1:", rest))
        headers = tuple((_name(name), " ".join(value.split())) for name, value in parsed.raw_items())
        request = cls(line[1].upper(), line[2], headers)
        return request if all(map(request.header, _REQUIRED)) else None

    def header(self, name: str) -> str:
        """Give the first header of that name, empty when there is none."""
        return next((value for each, value in self.headers if each == name), "")

    def user(self, name: str) -> str:
        """Give the user whom a header names."""
        found = _URI.search(self.header(name))
        return user_of(found[0].strip("< ")) if found else ""

    def answer(self, status: str, headers: Iterable[tuple[str, str]], *, tag: str, source: tuple[str, int]) -> bytes:
        """Put the answer together.

        Args:
            status: code and phrase.
            headers: those that differ from the request's.
            tag: this end's mark of the dialogue, used where the request has none.
            source: where the request came from.
        """
        vias = [value for name, value in self.headers if name == "via"][:_MAX_VIAS]
        to = self.header("to")
        if ";tag=" not in to.lower():
            to = f"{to};tag={tag}"
        own = [
            *(("Via", via if number else _came_from(via, source)) for number, via in enumerate(vias)),
            *(("From", self.header("from")), ("To", to)),
            *(("Call-ID", self.header("call-id")), ("CSeq", self.header("cseq"))),
            *headers,
            ("Content-Length", "0"),
        ]
        lines = [f"SIP/2.0 {status}", *(f"{name}: {value}" for name, value in own), "", ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def length(buffer: bytes) -> int | None:
    """Tell how many bytes the message at the beginning has; None when that cannot be seen yet.

    Raises:
        ValueError: it is no message of SIP.
    """
    blank = len(buffer) - len(buffer.lstrip(b"\r\n"))
    if blank:
        return blank
    first, end, _ = buffer.partition(b"\n")
    if end and not (first.rstrip().endswith(b" SIP/2.0") or first.startswith(b"SIP/2.0 ")):
        raise ValueError("no SIP")
    head = _BLANK_LINE.search(buffer)
    if head is None:
        return None
    told = _LENGTH.search(buffer[: head.end()])
    return head.end() + (int(told[1]) if told else 0)


def user_of(uri: str) -> str:
    """Give the user or the number in a URI, empty when it names a host only."""
    scheme, _, rest = uri.partition(":")
    user, at, _ = rest.rpartition("@")
    if not at and scheme.lower() == "tel":
        user = rest
    return readable(unquote(user.partition(";")[0].partition(":")[0]))


def readable(text: str) -> str:
    """Give text for people."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _name(name: str) -> str:
    name = name.strip().lower()
    return _SHORT.get(name, name)


def _came_from(via: str, source: tuple[str, int]) -> str:
    """Add to a Via where it truly came from."""
    parts = [part.strip() for part in via.split(";")]
    asked = any(part.lower() == "rport" or part.lower().startswith("rport=") for part in parts)
    kept = [part for part in parts if not part.lower().startswith(("rport", "received="))]
    added = [f"received={source[0]}", *([f"rport={source[1]}"] if asked else [])]
    return ";".join([*kept, *added])
