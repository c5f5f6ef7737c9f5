"""The first exchange of RDP: what a client asks for, and the answer that Windows gives. Pure."""

import re
import struct
from typing import NamedTuple

SSL = 0x1
HYBRID = 0x2
HYBRID_EX = 0x8
_SSL_REQUIRED = 1

_TPKT = struct.Struct("!BxH")
_TPKT_VERSION = 3
_MIN_REQUEST = 11
_MAX_REQUEST = 1024
_CONNECTION_REQUEST = 0xE0
_REQUEST = struct.Struct("<BBHI")
_TYPE_REQUEST = 1
_COOKIE = re.compile(rb"Cookie: mstshash=([^\r\n]*)\r\n")
_SERVER_REFERENCE = 0x1234
_FLAGS = 0x1F
"""Extended client data, graphics pipeline, and what else Windows supports since Server 2012."""
_FLAGS_OF_OTHERS = 0x01

FAREWELL_OF_OTHERS = bytes.fromhex("0300000902f0802180")
"""What xrdp says before it leaves who speaks something else: the provider's ultimatum of MCS. Windows says nothing."""


class Request(NamedTuple):
    """What the client told: the user name of its cookie (None without) and the protocols it speaks (None: RDP only)."""

    cookie: bytes | None
    protocols: int | None


def packet_length(data: bytes) -> int | None:
    """Tell how long the packet is that begins here, None while that is not seen yet.

    Raises:
        ValueError: no request for a connection begins like that.
    """
    if data[0] != _TPKT_VERSION:
        raise ValueError("no TPKT header")
    if len(data) < _TPKT.size:
        return None
    length = int(_TPKT.unpack_from(data)[1])
    if not _MIN_REQUEST <= length <= _MAX_REQUEST:
        raise ValueError("an impossible length")
    return length


def parse(packet: bytes) -> Request:
    """Read a whole request.

    Raises:
        ValueError: it is something else.
    """
    if packet[5] != _CONNECTION_REQUEST:
        raise ValueError("no request for a connection")
    body = packet[_MIN_REQUEST:]
    cookie = _COOKIE.search(body)
    protocols = None
    if len(body) >= _REQUEST.size:
        kind, _, length, asked = _REQUEST.unpack_from(body, len(body) - _REQUEST.size)
        if (kind, length) == (_TYPE_REQUEST, _REQUEST.size):
            protocols = asked
    return Request(cookie[1] if cookie else None, protocols)


def choose(protocols: int | None, *, nla: bool) -> int | None:
    """Choose as Windows does, the best first; None when the client speaks nothing that is safe enough."""
    offered = (HYBRID_EX, HYBRID, SSL) if nla else (SSL,)
    return next((protocol for protocol in offered if (protocols or 0) & protocol), None)


def answer(chosen: int | None, *, windows: bool) -> bytes:
    """Give the packet that confirms a protocol, or refuses because TLS is required."""
    kind, flags, value = (2, _FLAGS if windows else _FLAGS_OF_OTHERS, chosen) if chosen else (3, 0, _SSL_REQUIRED)
    return struct.pack("!BBHBBHHB", 3, 0, 19, 14, 0xD0, 0, _SERVER_REFERENCE, 0) + _REQUEST.pack(kind, flags, 8, value)


def names(protocols: int | None) -> str:
    """Name the protocols that a client speaks."""
    known = {
        SSL: "TLS",
        HYBRID: "CredSSP",
        0x4: "RDSTLS",
        HYBRID_EX: "CredSSP with early authorisation",
        0x10: "RDSAAD",
    }
    return ", ".join(["RDP", *(name for bit, name in known.items() if (protocols or 0) & bit)])
