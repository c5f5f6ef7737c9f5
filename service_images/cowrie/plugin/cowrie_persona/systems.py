"""The kinds of machine: what their distribution says of itself."""

from typing import NamedTuple

from cowrie_persona.hardware import Processor

_DEBIAN_MOTD = (
    "",
    "The programs included with the Debian GNU/Linux system are free software;",
    "the exact distribution terms for each program are described in the",
    "individual files in /usr/share/doc/*/copyright.",
    "",
    "Debian GNU/Linux comes with ABSOLUTELY NO WARRANTY, to the extent",
    "permitted by applicable law.",
)


class System(NamedTuple):
    """One of them. `services` are the command lines that run there, with their users."""

    name: str
    issue: str
    telnet_banner: str
    kernel: str
    build: str
    compiler: str
    ssh_banner: str
    ssl: str
    motd: tuple[str, ...]
    mac_vendor: str
    board: str
    root_device: str
    network_driver: str
    processors: tuple[Processor, ...]
    memory_gib: tuple[int, ...]
    disk_gib: tuple[int, ...]
    services: tuple[tuple[str, str], ...]


_GCC = "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40"

LINUX = System(
    name="Debian GNU/Linux 12",
    issue="Debian GNU/Linux 12 \\n \\l\n\n",
    telnet_banner="Debian GNU/Linux 12\n",
    kernel="6.1.0-37-amd64",
    build="#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)",
    compiler=_GCC,
    ssh_banner="SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u6",
    ssl="OpenSSL 3.0.16 11 Feb 2025",
    motd=_DEBIAN_MOTD,
    mac_vendor="VMware",
    board="VMware, Inc. VMware Virtual Platform/440BX Desktop Reference Platform, BIOS 6.00 11/12/2020",
    root_device="/dev/sda1",
    network_driver="vmxnet3",
    processors=(
        Processor("Intel(R) Xeon(R) Silver 4210R CPU @ 2.40GHz", 85, 7, "0x5003604", 2394.374, 14080),
        Processor("Intel(R) Xeon(R) Gold 5218 CPU @ 2.30GHz", 85, 7, "0x5003604", 2294.609, 22528),
        Processor("Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz", 85, 7, "0x5003604", 2095.078, 28160),
        Processor("Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz", 106, 6, "0xd0003a5", 2394.374, 24576),
        Processor("Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 106, 6, "0xd0003a5", 1995.312, 49152),
    ),
    memory_gib=(2, 4, 8, 16),
    disk_gib=(20, 30, 40, 60, 80),
    services=(
        ("root", "/usr/sbin/cron -f"),
        ("message+", "/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation"),
        ("root", "/usr/sbin/rsyslogd -n -iNONE"),
        ("root", "/lib/systemd/systemd-logind"),
        ("root", "/usr/bin/vmtoolsd"),
        ("root", "/sbin/agetty -o -p -- \\u --noclear - linux"),
        ("root", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"),
    ),
)

APPLIANCE = System(
    name="openmediavault 7.7.10-1 (Sandworm)",
    issue="openmediavault 7.7.10-1 (Sandworm)\nCopyright (C) 2009-2025 by Volker Theile. All rights reserved.\n\n",
    telnet_banner="openmediavault 7.7.10-1 (Sandworm)\n",
    kernel="6.1.0-35-amd64",
    build="#1 SMP PREEMPT_DYNAMIC Debian 6.1.137-1 (2025-05-07)",
    compiler=_GCC,
    ssh_banner="SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u6",
    ssl="OpenSSL 3.0.16 11 Feb 2025",
    motd=(),
    mac_vendor="Supermicro",
    board="Supermicro A2SDi-4C-HLN4F/A2SDi-4C-HLN4F, BIOS 1.9 02/02/2024",
    root_device="/dev/sda1",
    network_driver="ixgbe",
    processors=(
        Processor("Intel(R) Atom(TM) CPU C3538 @ 2.10GHz", 95, 1, "0x3c", 2100.000, 2048),
        Processor("Intel(R) Atom(TM) CPU C3558 @ 2.20GHz", 95, 1, "0x3c", 2200.000, 2048),
        Processor("Intel(R) Celeron(R) J4125 CPU @ 2.00GHz", 122, 8, "0x24", 1996.800, 4096),
        Processor("Intel(R) Celeron(R) N5105 @ 2.00GHz", 156, 0, "0x24000026", 1996.800, 4096),
    ),
    memory_gib=(4, 8, 16),
    disk_gib=(16, 32, 64, 120),
    services=(
        ("root", "/usr/sbin/cron -f"),
        ("message+", "/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation"),
        ("root", "/usr/sbin/rsyslogd -n -iNONE"),
        ("root", "/lib/systemd/systemd-logind"),
        ("root", "/usr/sbin/smbd --foreground --no-process-group"),
        ("root", "/usr/sbin/nmbd --foreground --no-process-group"),
        ("root", "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;"),
        ("www-data", "nginx: worker process"),
        ("root", "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)"),
        ("root", "omv-engined"),
        ("root", "/sbin/agetty -o -p -- \\u --noclear - linux"),
        ("root", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"),
    ),
)

SYSTEMS = {"linux": LINUX, "appliance": APPLIANCE}
"""By the option `os_family`."""
