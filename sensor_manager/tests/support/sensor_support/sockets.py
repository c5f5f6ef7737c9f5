"""Sockets for tests of netfilter, made in the namespace of whoever calls."""

import socket

ICMP6_FILTER = 1


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def forge(source: str, source_port: int, target: str, port: int) -> None:
    with socket.socket(family(source), socket.SOCK_DGRAM) as forger:
        forger.bind((source, source_port))
        forger.sendto(b"forged", (target, port))


def advertise(message: bytes) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as router:
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        router.sendto(message, ("ff02::1%eth0", 0))


def datagrams(address: str, port: int) -> socket.socket:
    made = socket.socket(family(address), socket.SOCK_DGRAM)
    made.bind((address, port))
    made.settimeout(0.5)
    return made


def icmp_socket(*, six: bool = False) -> socket.socket:
    version = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    made = socket.socket(version[0], socket.SOCK_RAW, version[1])
    if six:  # echo requests alone, as there is talk between neighbours all the time
        everything_but_echo = bytearray(b"\xff" * 32)
        everything_but_echo[16] = 0xFE
        made.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, bytes(everything_but_echo))
    made.settimeout(3)
    return made
