"""Packets of IPv4 and IPv6: what is told of the attacker's, and the answer to a UDP datagram."""

import socket
import struct
from typing import NamedTuple

_IPV4_HEADER = struct.Struct("!BBHHHBBH4s4s")
_IPV6_HEADER = struct.Struct("!IHBB16s16s")
_UDP_HEADER = struct.Struct("!HHHH")
_TCP_HEADER_BYTES = 20
_FRAGMENT_OFFSET = 0x1FFF
_SYN, _ACK = 0x02, 0x10
_ECHO_REQUEST, _ECHO_REQUEST_6 = 8, 128
_TTL = 64
_VERSION_4, _VERSION_6 = 4, 6
_SKIPPED_HEADERS = frozenset({socket.IPPROTO_HOPOPTS, socket.IPPROTO_ROUTING, socket.IPPROTO_DSTOPTS})
_MAX_SKIPPED = 4
_FRAGMENT_BYTES = 8


class Seen(NamedTuple):
    """A packet that matters: a TCP SYN, a UDP datagram or an ICMP echo request (which has no ports)."""

    protocol: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    payload: bytes

    @property
    def key(self) -> tuple[str, int]:
        """What was addressed, by which a source's contacts are told apart."""
        return self.protocol, self.destination_port


def parse(packet: bytes) -> Seen | None:
    """Read a packet that begins with its IP header; None for what does not matter or is malformed."""
    match packet[0] >> 4 if packet else 0:
        case 4:
            return _ipv4(packet)
        case 6:
            return _ipv6(packet)
    return None


def _ipv4(packet: bytes) -> Seen | None:
    if len(packet) < _IPV4_HEADER.size:
        return None
    first, _, length, _, fragment, _, number, _, source, destination = _IPV4_HEADER.unpack_from(packet)
    header = (first & 0x0F) * 4
    if header < _IPV4_HEADER.size or fragment & _FRAGMENT_OFFSET:
        return None
    ends = (socket.inet_ntoa(each) for each in (source, destination))
    return _content(number, packet[header : max(header, length)], *ends)


def _ipv6(packet: bytes) -> Seen | None:
    if len(packet) < _IPV6_HEADER.size:
        return None
    _, length, number, _, source, destination = _IPV6_HEADER.unpack_from(packet)
    content = packet[_IPV6_HEADER.size :][:length]
    for _ in range(_MAX_SKIPPED):
        if number == socket.IPPROTO_FRAGMENT and len(content) >= _FRAGMENT_BYTES:
            if struct.unpack_from("!H", content, 2)[0] >> 3:
                return None
            number, content = content[0], content[_FRAGMENT_BYTES:]
        elif number in _SKIPPED_HEADERS and len(content) >= _FRAGMENT_BYTES:
            number, content = content[0], content[(content[1] + 1) * 8 :]
    ends = (socket.inet_ntop(socket.AF_INET6, each) for each in (source, destination))
    return _content(number, content, *ends)


def _content(number: int, content: bytes, source: str, destination: str) -> Seen | None:
    match number:
        case socket.IPPROTO_TCP:
            return _tcp(content, source, destination)
        case socket.IPPROTO_UDP:
            return _udp(content, source, destination)
        case socket.IPPROTO_ICMP if content[:1] == bytes([_ECHO_REQUEST]):
            return Seen("icmp", source, 0, destination, 0, content[8:])
        case socket.IPPROTO_ICMPV6 if content[:1] == bytes([_ECHO_REQUEST_6]):
            return Seen("icmp", source, 0, destination, 0, content[8:])
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
    """Make the packet, of the request's version, that answers a datagram, checksums included."""
    family = socket.AF_INET6 if ":" in request.source else socket.AF_INET
    source, destination = (socket.inet_pton(family, each) for each in (request.destination, request.source))
    length = _UDP_HEADER.size + len(payload)
    ports = request.destination_port, request.source_port
    protocol = socket.IPPROTO_UDP
    kind = "!II" if family is socket.AF_INET6 else "!HH"
    fields = (length, protocol) if family is socket.AF_INET6 else (protocol, length)
    pseudo_header = source + destination + struct.pack(kind, *fields)
    # A sum of zero is sent as all ones: zero would mean "no checksum" (RFC 768).
    checksum = _checksum(pseudo_header + _UDP_HEADER.pack(*ports, length, 0) + payload) or 0xFFFF
    datagram = _UDP_HEADER.pack(*ports, length, checksum) + payload
    if family is socket.AF_INET6:
        return _IPV6_HEADER.pack(_VERSION_6 << 28, length, protocol, _TTL, source, destination) + datagram
    start = (_VERSION_4 << 4 | 5, 0, _IPV4_HEADER.size + length, 0, 0, _TTL, protocol)
    header = _IPV4_HEADER.pack(*start, 0, source, destination)
    return _IPV4_HEADER.pack(*start, _checksum(header), source, destination) + datagram


def _checksum(data: bytes) -> int:
    """Give the internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
