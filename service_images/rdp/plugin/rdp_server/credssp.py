"""CredSSP, in which NTLM travels: requests found in what came over TLS, and answers to them. Pure."""

import struct

_SEQUENCE = 0x30
_LONG = 0x80
_MAX_BYTES = 64 * 1024
_LATEST_VERSION = 6
_WITHOUT_ERRORS = (2, 5)
_LOGON_FAILURE = 0xC000006D
_NTLM = b"NTLMSSP\0"
_SPNEGO = bytes.fromhex("06062b0601050502")
_NTLM_MECHANISM = bytes.fromhex("060a2b06010401823702020a")
_INCOMPLETE = bytes.fromhex("a0030a0101")


def request_length(data: bytes) -> int | None:
    """Tell how long the request is that begins here, None while that is not seen yet.

    Raises:
        ValueError: no request begins like that.
    """
    if data[0] != _SEQUENCE:
        raise ValueError("no sequence of ASN.1")
    first = data[1] if len(data) > 1 else None
    if first is None or first < _LONG:
        return None if first is None else 2 + first
    size = first - _LONG
    if not 1 <= size <= 3:  # noqa: PLR2004 - bytes of a length that a request can have
        raise ValueError("an impossible length")
    if len(data) < 2 + size:
        return None
    length = 2 + size + int.from_bytes(data[2 : 2 + size])
    if length > _MAX_BYTES:
        raise ValueError("too long")
    return length


def version_of(request: bytes) -> int:
    """Tell which version the client speaks, at most the latest that we do."""
    place = request.find(b"\xa0\x03\x02\x01")
    version = request[place + 4] if 0 <= place < len(request) - 4 else 2
    return min(version, _LATEST_VERSION)


def token_of(request: bytes) -> bytes:
    """Give what begins with NTLM's signature, wherever that is (within SPNEGO or bare); empty when it is nowhere."""
    place = request.find(_NTLM)
    return request[place:] if place >= 0 else b""


def is_spnego(request: bytes) -> bool:
    """Tell whether the client negotiates the mechanism, as those in a domain do."""
    return _SPNEGO in request


def challenge_request(version: int, token: bytes, *, spnego: bool) -> bytes:
    """Give the answer that carries a token, wrapped as the client does; without a token it asks for one of NTLM."""
    if spnego:
        response = _tlv(0xA2, _tlv(0x04, token)) if token else b""
        token = _tlv(0xA1, _tlv(0x30, _INCOMPLETE + _tlv(0xA1, _NTLM_MECHANISM) + response))
    tokens = _tlv(0x30, _tlv(0x30, _tlv(0xA0, _tlv(0x04, token))))
    return _tlv(0x30, _version(version) + _tlv(0xA1, tokens))


def refusal(version: int) -> bytes:
    """Give the answer to a wrong password; versions that cannot tell it get nothing and are closed."""
    if version in _WITHOUT_ERRORS:
        return b""
    return _tlv(0x30, _version(version) + _tlv(0xA4, _tlv(0x02, struct.pack("!I", _LOGON_FAILURE))))


def _version(version: int) -> bytes:
    return _tlv(0xA0, _tlv(0x02, bytes([version])))


def _tlv(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < _LONG:
        return bytes([tag, length]) + value
    size = (length.bit_length() + 7) // 8
    return bytes([tag, _LONG | size]) + length.to_bytes(size) + value
