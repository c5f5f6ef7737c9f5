"""IPv4 and IPv6 as they are on the wire."""

import socket
import struct

import pytest
from recon.limiter import AnswerLimiter
from recon.packets import Seen, parse, udp_answer
from recon.portset import PortSet

REQUEST = Seen("udp", "192.0.2.1", 4000, "10.0.0.2", 53, b"question")


def ones_sum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    return (total & 0xFFFF) + (total >> 16)


@pytest.mark.parametrize("payload", [b"", b"x", b"\r\n", b"\xff\xff\xff"])
def test_answer_has_right_checksums_and_ends(payload: bytes) -> None:
    packet = udp_answer(REQUEST, payload)
    assert ones_sum(packet[:20]) == 0xFFFF
    pseudo = packet[12:20] + struct.pack("!BBH", 0, 17, len(packet) - 20)
    assert ones_sum(pseudo + packet[20:]) == 0xFFFF
    assert parse(packet) == Seen("udp", "10.0.0.2", 53, "192.0.2.1", 4000, payload)


def test_checksum_is_never_written_as_none() -> None:
    checksums = {udp_answer(REQUEST, struct.pack("!H", value))[26:28] for value in range(65536)}
    assert b"\0\0" not in checksums
    assert b"\xff\xff" in checksums


def ipv4(number: int, content: bytes, fragment: int = 0, options: bytes = b"") -> bytes:
    header = 20 + len(options)
    ends = socket.inet_aton("192.0.2.1"), socket.inet_aton("10.0.0.2")
    length = header + len(content)
    return (
        struct.pack("!BBHHHBBH4s4s", 0x40 + header // 4, 0, length, 1, fragment, 64, number, 0, *ends)
        + options
        + content
    )


def tcp(flags: int) -> bytes:
    return struct.pack("!HHIIBBHHH", 4000, 80, 1, 0, 5 << 4, flags, 1024, 0, 0)


def test_only_a_syn_opens_a_connection() -> None:
    assert parse(ipv4(6, tcp(0x02))) == Seen("tcp", "192.0.2.1", 4000, "10.0.0.2", 80, b"")
    assert parse(ipv4(6, tcp(0x02), options=b"\0" * 8)) == Seen("tcp", "192.0.2.1", 4000, "10.0.0.2", 80, b"")
    assert [parse(ipv4(6, tcp(flags))) for flags in (0x12, 0x10, 0x11, 0x04)] == [None] * 4


def test_padding_is_no_payload() -> None:
    packet = ipv4(17, struct.pack("!HHHH", 4000, 53, 9, 0) + b"x") + b"\0" * 17
    assert parse(packet) == Seen("udp", "192.0.2.1", 4000, "10.0.0.2", 53, b"x")


REQUEST6 = Seen("udp", "2001:db8::1", 4000, "fd00::2", 53, b"question")


@pytest.mark.parametrize("payload", [b"", b"x", b"\r\n"])
def test_ipv6_answer_has_right_checksum_and_ends(payload: bytes) -> None:
    packet = udp_answer(REQUEST6, payload)
    pseudo = packet[8:40] + struct.pack("!II", len(packet) - 40, 17)
    assert ones_sum(pseudo + packet[40:]) == 0xFFFF
    assert parse(packet) == Seen("udp", "fd00::2", 53, "2001:db8::1", 4000, payload)


def ipv6(number: int, content: bytes) -> bytes:
    ends = b"".join(socket.inet_pton(socket.AF_INET6, each) for each in ("2001:db8::1", "fd00::2"))
    return struct.pack("!IHBB", 6 << 28, len(content), number, 64) + ends + content


def test_ipv6_is_seen_behind_further_headers_and_fragments_only_once() -> None:
    syn = Seen("tcp", "2001:db8::1", 4000, "fd00::2", 80, b"")
    options = bytes([6, 0]) + b"\0" * 6
    assert parse(ipv6(6, tcp(0x02))) == syn
    assert parse(ipv6(60, options + tcp(0x02))) == syn
    assert parse(ipv6(44, struct.pack("!BBHI", 6, 0, 1, 7) + tcp(0x02))) == syn
    assert parse(ipv6(44, struct.pack("!BBHI", 6, 0, 8, 7) + tcp(0x02))) is None
    assert parse(ipv6(60, options[:5])) is None
    echo = struct.pack("!BBHHH", 128, 0, 0, 1, 1)
    assert parse(ipv6(58, echo + b"hi")) == Seen("icmp", "2001:db8::1", 0, "fd00::2", 0, b"hi")
    assert parse(ipv6(58, b"\x87" + echo)) is None, "neighbours look for each other"


def test_ping_is_seen_and_its_reply_is_not() -> None:
    assert parse(ipv4(1, b"\x08\0\0\0\0\0\0\0data")) == Seen("icmp", "192.0.2.1", 0, "10.0.0.2", 0, b"data")
    assert parse(ipv4(1, b"\0\0\0\0\0\0\0\0data")) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x45",
        ipv4(6, b""),
        ipv4(17, b"1234"),
        ipv4(1, b""),
        b"\x60" + ipv4(17, b"12345678")[1:],
        b"\x41" + ipv4(17, b"12345678")[1:],
        ipv4(17, b"12345678", fragment=1),
    ],
)
def test_malformed_packets_are_nothing(packet: bytes) -> None:
    assert parse(packet) is None


def test_answers_are_limited_for_each_source_and_in_all() -> None:
    limiter = AnswerLimiter(0.0)
    assert sum(limiter.allow("192.0.2.1", 0.0) for _ in range(100)) == 10
    assert sum(limiter.allow("192.0.2.1", 5.0) for _ in range(100)) == 10
    limiter = AnswerLimiter(0.0)
    assert sum(limiter.allow(f"198.18.{number >> 8}.{number & 255}", 0.0) for number in range(5000)) == 100


def test_ports_are_written_as_ranges() -> None:
    ports = PortSet()
    for port in (22, 80, 81, 82, 0, 65535, 65534, 22):
        ports.add(port)
    assert (len(ports), ports.ranges()) == (7, ["0", "22", "80-82", "65534-65535"])
