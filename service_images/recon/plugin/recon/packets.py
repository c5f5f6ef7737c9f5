"""IPv4 packets: what is told of the attacker's, and the answer to a UDP datagram."""

import socket
import struct
from typing import NamedTuple

_IPV4_HEADER = struct.Struct("!BBHHHBBH4s4s")
_UDP_HEADER = struct.Struct("!HHHH")
_TCP_HEADER_BYTES = 20
_FRAGMENT_OFFSET = 0x1FFF
_SYN, _ACK = 0x02, 0x10
_ECHO_REQUEST = 8
_TTL = 64


class Seen(NamedTuple):
    """A packet that matters: a TCP SYN, a UDP datagram or an ICMP echo request (which has no ports)."""

    protocol: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    payload: bytes


def parse(packet: bytes) -> Seen | None:
    """Read a packet that begins with its IPv4 header; None for what does not matter or is malformed."""
    if len(packet) < _IPV4_HEADER.size:
        return None
    first, _, length, _, fragment, _, number, _, source, destination = _IPV4_HEADER.unpack_from(packet)
    header = (first & 0x0F) * 4
    if first >> 4 != 4 or header < _IPV4_HEADER.size or fragment & _FRAGMENT_OFFSET:  # noqa: PLR2004 - IP version 4
        return None
    content = packet[header : max(header, length)]
    ends = socket.inet_ntoa(source), socket.inet_ntoa(destination)
    match number:
        case socket.IPPROTO_TCP:
            return _tcp(content, *ends)
        case socket.IPPROTO_UDP:
            return _udp(content, *ends)
        case socket.IPPROTO_ICMP if content[:1] == bytes([_ECHO_REQUEST]):
            return Seen("icmp", ends[0], 0, ends[1], 0, content[8:])
    return None


def _tcp(content: bytes, source: str, destination: str) -> Seen | None:
    if len(content) < _TCP_HEADER_BYTES or content[13] & (_SYN | _ACK) != _SYN:
        return None
    source_port, destination_port = struct.unpack_from("!HH", content)
    return Seen("tcp", source, source_port, destination, destination_port, b"")


def _udp(content: bytes, source: str, destination: str) -> Seen | None:
    if len(content) < _UDP_HEADER.size:
        return None
    source_port, destination_port, length, _ = _UDP_HEADER.unpack_from(content)
    return Seen("udp", source, source_port, destination, destination_port, content[_UDP_HEADER.size : max(8, length)])


def udp_answer(request: Seen, payload: bytes) -> bytes:
    """Make the IPv4 packet that answers a datagram, checksums included."""
    source, destination = socket.inet_aton(request.destination), socket.inet_aton(request.source)
    length = _UDP_HEADER.size + len(payload)
    ports = request.destination_port, request.source_port
    pseudo_header = source + destination + struct.pack("!BBH", 0, socket.IPPROTO_UDP, length)
    # A sum of zero is sent as all ones: zero would mean "no checksum" (RFC 768).
    checksum = _checksum(pseudo_header + _UDP_HEADER.pack(*ports, length, 0) + payload) or 0xFFFF
    datagram = _UDP_HEADER.pack(*ports, length, checksum) + payload
    fields = (0x45, 0, _IPV4_HEADER.size + length, 0, 0, _TTL, socket.IPPROTO_UDP)
    header = _IPV4_HEADER.pack(*fields, 0, source, destination)
    return _IPV4_HEADER.pack(*fields, _checksum(header), source, destination) + datagram


def _checksum(data: bytes) -> int:
    """Give the internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
