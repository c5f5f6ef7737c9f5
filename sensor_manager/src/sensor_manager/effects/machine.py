"""Figures and settings of the machine the sensor runs on."""

import fcntl
import os
import shutil
import socket
import struct
import time
from array import array
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from sensor_manager.effects.errors import NetfilterError

SIOCGIFCONF = 0x8912
IFCONF = "@iP"
"""Bytes of room for addresses, and where it is."""
IFREQ = struct.Struct("@16sLLHBBB0L")
"""An interface's name, and the largest of what may be said of it."""
IFREQ_ADDRESS = slice(20, 24)
MAX_ADDRESSES = 1024
"""Of all interfaces."""
IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
IPV6_SETTINGS = Path("/proc/sys/net/ipv6/conf")
IPV6_ADDRESSES = Path("/proc/thread-self/net/if_inet6")
GLOBAL_SCOPE = "00"
TENTATIVE_OR_FAILED = 0x48
TEMPORARY = 0x01
DEPRECATED = 0x20
PERMANENT = 0x80
KIB = 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """Sizes in bytes, uptime in seconds."""

    uptime: int
    memory_total: int
    memory_available: int
    disk_total: int
    disk_used: int


def read_figures(disk: Path) -> Figures:
    """Read the machine's figures; `disk` is any folder of the file system that counts."""
    memory = {}
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        memory[name] = int(value.split()[0]) * KIB
    usage = shutil.disk_usage(disk)
    return Figures(
        uptime=int(float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])),
        memory_total=memory["MemTotal"],
        memory_available=memory.get("MemAvailable", memory["MemFree"]),
        disk_total=usage.total,
        disk_used=usage.used,
    )


def set_clock(moment: float) -> None:
    """Set the machine's settable clock, in seconds since 1970.

    Raises:
        OSError: this process may not.
    """
    time.clock_settime(time.CLOCK_REALTIME, moment)


def interface_addresses4(interface: str) -> tuple[IPv4Address, ...]:
    """Return the interface's IPv4 addresses, the main one first; none while there is no such interface."""
    room = array("B", bytes(MAX_ADDRESSES * IFREQ.size))
    request = struct.pack(IFCONF, len(room), room.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        length, _ = struct.unpack(IFCONF, fcntl.ioctl(probe.fileno(), SIOCGIFCONF, request))
    entries = (room[start : start + IFREQ.size].tobytes() for start in range(0, length, IFREQ.size))
    found = (IPv4Address(each[IFREQ_ADDRESS]) for each in entries if _name_of(each) == interface)
    return tuple(each for each in found if not each.is_link_local)


def _name_of(entry: bytes) -> str:
    """Return the interface's name; further addresses may carry a label, such as `eth0:1`."""
    return entry.partition(b"\0")[0].decode().partition(":")[0]


def interface_addresses6(interface: str) -> tuple[IPv6Address, ...]:
    """Return the interface's global IPv6 addresses, fixed ones first, those that change daily and further ones last."""
    try:
        lines = IPV6_ADDRESSES.read_text(encoding="ascii").splitlines()
    except OSError:
        return ()
    found = [
        (int(flags, 16), address)
        for address, _, _, scope, flags, name in map(str.split, lines)
        if name == interface and scope == GLOBAL_SCOPE
    ]
    usable = sorted(
        (flags & (TEMPORARY | DEPRECATED), not flags & PERMANENT, address)
        for flags, address in found
        if not flags & TENTATIVE_OR_FAILED
    )
    return tuple(IPv6Address(bytes.fromhex(address)) for _, _, address in usable)


def speaks_ipv6(interface: str) -> bool:
    """Tell whether the interface takes part in IPv6, and packets of it can be handed on to honeypots."""
    forwarding = IPV6_SETTINGS / "all/forwarding"
    try:
        off = (IPV6_SETTINGS / interface / "disable_ipv6").read_text(encoding="ascii").strip() == "1"
        forwards = forwarding.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False
    return not off and (forwards or os.access(forwarding, os.W_OK))


def enable_forwarding(ipv6_interface: str | None) -> None:
    """Let the kernel hand packets on to the honeypots' bridges; what passes is netfilter's decision.

    Args:
        ipv6_interface: where attackers arrive by IPv6. It goes on taking its address and route from routers, which the
            kernel would otherwise end when it begins to forward. None: IPv6 is not handed on.

    Raises:
        NetfilterError: the setting is off and may not be changed.
    """
    _set(IP_FORWARD, "1", "net.ipv4.ip_forward")
    if ipv6_interface is not None:
        accept = IPV6_SETTINGS / ipv6_interface / "accept_ra"
        if accept.exists() and accept.read_text(encoding="ascii").strip() == "1":
            _set(accept, "2", f"net.ipv6.conf.{ipv6_interface}.accept_ra")
        _set(IPV6_SETTINGS / "all/forwarding", "1", "net.ipv6.conf.all.forwarding")


def hands_on(*, ipv6: bool) -> bool:
    """Tell whether the kernel still hands packets on, of IPv6 too where that is meant."""
    settings = [IP_FORWARD, *([IPV6_SETTINGS / "all/forwarding"] if ipv6 else [])]
    return all(each.read_text(encoding="ascii").strip() == "1" for each in settings)


def _set(setting: Path, value: str, name: str) -> None:
    try:
        if setting.read_text(encoding="ascii").strip() != value:
            setting.write_text(value, encoding="ascii")
    except OSError as error:
        raise NetfilterError(f"{name} is not {value} and cannot be set ({error}); set it to {value} outside") from error
