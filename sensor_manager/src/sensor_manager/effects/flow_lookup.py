"""What a tracked connection was addressed to before netfilter translated it: one question to the kernel.

The kernel finds it by the way its answers take. The numbers are those of `linux/netfilter/nfnetlink_conntrack.h`.
"""

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

import structlog

from sensor_manager.plan.destination import Flow
from sensor_wire.v1.event import Endpoint

NETLINK_NETFILTER = 12
GET = 1 << 8 | 1
ERROR = 2
REQUEST = 1
TUPLE_ORIGINAL, TUPLE_REPLY = 1, 2
IP, PROTOCOL = 1, 2
NUMBER, SOURCE_PORT, DESTINATION_PORT = 1, 2, 3
FAMILIES = {4: (socket.AF_INET, 1, 2), 6: (socket.AF_INET6, 3, 4)}
"""Address family, and which attributes hold source and destination."""
PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
NESTED, KIND = 0x8000, 0x3FFF
HEADER, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=HH")
FAMILY_HEADER = 4
TIMEOUT = 2.0
"""Seconds; the kernel answers at once or not at all."""
MAX_ANSWER = 8192

log = structlog.get_logger(__name__)


def addressed(flow: Flow) -> Endpoint | None:
    """Return where the attacker sent the connection's first packet; None when the kernel does not know (any more)."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
            kernel.settimeout(TIMEOUT)
            kernel.send(_question(flow))
            answer = kernel.recv(MAX_ANSWER)
    except OSError as error:
        log.warning("the kernel does not tell about connections", reason=str(error))
        return None
    _, kind, *_ = HEADER.unpack_from(answer)
    return None if kind == ERROR else _destination(answer[HEADER.size + FAMILY_HEADER :], flow.honeypot.version)


def _question(flow: Flow) -> bytes:
    family, source, destination = FAMILIES[flow.honeypot.version]
    ends = _nested(IP, (source, flow.honeypot.packed), (destination, flow.attacker.packed))
    ports = (SOURCE_PORT, struct.pack("!H", flow.port)), (DESTINATION_PORT, struct.pack("!H", flow.attacker_port))
    by = _nested(PROTOCOL, (NUMBER, bytes([PROTOCOLS[flow.protocol]])), *ports)
    body = struct.pack("=BBH", family, 0, 0) + _attribute(TUPLE_REPLY | NESTED, ends + by)
    return HEADER.pack(HEADER.size + len(body), GET, REQUEST, 1, 0) + body


def _destination(attributes: bytes, version: int) -> Endpoint:
    _, _, destination = FAMILIES[version]
    original = dict(_attributes(dict(_attributes(attributes))[TUPLE_ORIGINAL]))
    address = dict(_attributes(original[IP]))[destination]
    (port,) = struct.unpack("!H", dict(_attributes(original[PROTOCOL]))[DESTINATION_PORT])
    return Endpoint(ip=ip_address(address), port=port)


def _nested(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    return _attribute(kind | NESTED, b"".join(_attribute(*each) for each in attributes))


def _attribute(kind: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % ATTRIBUTE.size)


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and value of each attribute; they begin at multiples of four."""
    while len(content) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(content)
        yield kind & KIND, content[ATTRIBUTE.size : length]
        content = content[length + -length % ATTRIBUTE.size :]
