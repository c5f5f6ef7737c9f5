"""NTLM as a domain member speaks it: the challenge we send, and what is in a client's answer. Pure."""

import struct
from typing import NamedTuple

from rdp_server.persona import Persona

_SIGNATURE = b"NTLMSSP\0"
_NEGOTIATE, _CHALLENGE, _AUTHENTICATE = 1, 2, 3

_VERSION = 0x02000000
_FROM_CLIENT = 0xE0088231 | _VERSION
"""What we do if the client does: keys of 56 and 128 bits, key exchange, extended security, signing, sealing, UTF-16."""
_OURS = 0x00810204
"""Target information, target is a domain, NTLM, target asked for."""

_HEADER = struct.Struct("<8sIHHII8s8sHHI8s")
_FIELD = struct.Struct("<HHI")
_LM, _NT, _DOMAIN, _USER, _WORKSTATION = range(12, 52, 8)
_AUTHENTICATE_FLAGS = 60
_AUTHENTICATE_VERSION = 64
_NEGOTIATE_FLAGS = 12
_NEGOTIATE_VERSION = 32
_UNICODE = 1
_EPOCH = 11644473600
"""Seconds from 1601, where Windows' time begins, to 1970."""
_PROOF_BYTES = 16
_NTLMV1_BYTES = 24


class Answer(NamedTuple):
    """A client's answer to the challenge. `hashcat` is the line for its mode 5600 or 5500, empty for no password."""

    username: str
    domain: str
    workstation: str
    version: str
    hashcat: str


def negotiate_flags(message: bytes) -> int | None:
    """Give the flags of a client's first message; None when it is none."""
    if len(message) < _NEGOTIATE_FLAGS + 4 or _kind(message) != _NEGOTIATE:
        return None
    return int(struct.unpack_from("<I", message, _NEGOTIATE_FLAGS)[0])


def challenge(persona: Persona, nonce: bytes, client_flags: int, now: float) -> bytes:
    """Make the challenge of the computer that `persona` describes.

    Args:
        persona: whose names and build are told.
        nonce: 8 random bytes.
        client_flags: what the client can do.
        now: seconds since the epoch.
    """
    target = _utf16(persona.netbios_domain)
    facts = ((2, persona.netbios_domain), (1, persona.netbios_computer), (4, persona.domain), (3, persona.fqdn))
    pairs = [*((number, _utf16(text)) for number, text in (*facts, (5, persona.domain)))]
    pairs += [(7, struct.pack("<Q", int((now + _EPOCH) * 10_000_000))), (0, b"")]
    information = b"".join(struct.pack("<HH", number, len(value)) + value for number, value in pairs)
    version = struct.pack("<BBHxxxB", 10, 0, persona.build, 15) if client_flags & _VERSION else bytes(8)
    begin = _HEADER.size
    ends = (len(target), len(target), begin), (len(information), len(information), begin + len(target))
    flags = client_flags & _FROM_CLIENT | _OURS
    header = _HEADER.pack(_SIGNATURE, _CHALLENGE, *ends[0], flags, nonce, bytes(8), *ends[1], version)
    return header + target + information


def parse_answer(message: bytes, nonce: bytes) -> Answer | None:
    """Read a client's answer to the challenge; None when it is none.

    Args:
        message: from NTLM's signature on; what follows it is no matter.
        nonce: the 8 bytes that were sent.
    """
    if len(message) < _AUTHENTICATE_VERSION or _kind(message) != _AUTHENTICATE:
        return None
    (flags,) = struct.unpack_from("<I", message, _AUTHENTICATE_FLAGS)
    user, domain, workstation = (_text(message, offset, flags) for offset in (_USER, _DOMAIN, _WORKSTATION))
    version = _version(message, _AUTHENTICATE_VERSION) if flags & _VERSION else ""
    return Answer(user, domain, workstation, version, _hashcat(message, nonce, user, domain))


def _hashcat(message: bytes, nonce: bytes, user: str, domain: str) -> str:
    response = _field(message, _NT)
    if len(response) == _NTLMV1_BYTES:
        lm = _field(message, _LM)
        return f"{user}::{domain}:{lm.hex()}:{response.hex()}:{nonce.hex()}"
    proof, blob = response[:_PROOF_BYTES], response[_PROOF_BYTES:]
    return f"{user}::{domain}:{nonce.hex()}:{proof.hex()}:{blob.hex()}" if blob else ""


def _kind(message: bytes) -> int:
    return int(struct.unpack_from("<I", message, len(_SIGNATURE))[0]) if message.startswith(_SIGNATURE) else 0


def _field(message: bytes, offset: int) -> bytes:
    length, _, begin = _FIELD.unpack_from(message, offset)
    return message[begin : begin + length]


def _text(message: bytes, offset: int, flags: int) -> str:
    return _field(message, offset).decode("utf-16-le" if flags & _UNICODE else "latin-1", "replace")


def _version(message: bytes, offset: int) -> str:
    if len(message) < offset + 4:
        return ""
    return "{}.{}.{}".format(*struct.unpack_from("<BBH", message, offset))


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")
