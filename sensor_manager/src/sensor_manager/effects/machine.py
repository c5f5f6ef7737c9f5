"""Figures and settings of the machine the sensor runs on."""

import fcntl
import shutil
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from sensor_manager.effects.errors import NetfilterError

SIOCGIFADDR = 0x8915
IFREQ_FORMAT = "16s16x"
IFREQ_ADDRESS = slice(20, 24)
IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
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


def interface_address(interface: str) -> IPv4Address | None:
    """Return the interface's first IPv4 address; None while it has none."""
    request = struct.pack(IFREQ_FORMAT, interface.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, request)
        except OSError:
            return None
    return IPv4Address(answer[IFREQ_ADDRESS])


def enable_forwarding() -> None:
    """Let the kernel hand packets on to the honeypots' bridges; what passes is netfilter's decision.

    Raises:
        NetfilterError: the setting is off and may not be changed.
    """
    try:
        if IP_FORWARD.read_text(encoding="ascii").strip() != "1":
            IP_FORWARD.write_text("1", encoding="ascii")
    except OSError as error:
        raise NetfilterError(f"net.ipv4.ip_forward is off and cannot be set ({error}); set it to 1 outside") from error
