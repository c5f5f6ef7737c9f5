"""What the files of the machine say."""

from cowrie_persona import accounts
from cowrie_persona.hardware import Hardware
from cowrie_persona.host_keys import HostKeys
from cowrie_persona.persona import Persona

_RELEASE = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
"""
# Debian's own, to the letter: an attacker may compare.
_PROFILE = """# ~/.profile: executed by Bourne-compatible login shells.

if [ "$BASH" ]; then
  if [ -f ~/.bashrc ]; then
    . ~/.bashrc
  fi
fi

mesg n 2> /dev/null || true
"""
_BASHRC = """# ~/.bashrc: executed by bash(1) for non-login shells.

# export LS_OPTIONS='--color=auto'
# alias ls='ls $LS_OPTIONS'
# alias ll='ls $LS_OPTIONS -l'
"""
_SSHD = """Include /etc/ssh/sshd_config.d/*.conf
PermitRootLogin yes
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem\tsftp\t/usr/lib/openssh/sftp-server
"""
_MODULES = (
    *("af_packet", "rfkill", "intel_rapl_msr", "aesni_intel", "crypto_simd", "cryptd", "rapl", "pcspkr", "evdev"),
    *("button", "fuse", "loop", "ext4", "crc16", "mbcache", "jbd2", "sd_mod"),
)
_MOUNTS = "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0\nproc /proc proc rw,relatime 0 0\n"
_BLOCK = 4096


def files(persona: Persona, hardware: Hardware) -> dict[str, bytes]:
    """The contents of the files that say who and what the machine is, by their paths."""
    kernel, uuid = persona.system.kernel, root_uuid(persona)
    root = f"{persona.system.root_device} / ext4 rw,relatime,errors=remount-ro 0 0\n"
    texts = {
        "/etc/hostname": f"{persona.host_name}\n",
        "/etc/hosts": _hosts(persona),
        "/etc/resolv.conf": f"search {persona.domain}\nnameserver {_name_server(persona)}\n",
        "/etc/passwd": accounts.passwd(persona),
        "/etc/passwd-": accounts.passwd(persona),
        "/etc/group": accounts.group(persona),
        "/etc/group-": accounts.group(persona),
        "/etc/shadow": accounts.shadow(persona),
        "/etc/shadow-": accounts.shadow(persona),
        "/etc/issue": persona.system.issue,
        "/etc/issue.net": persona.system.telnet_banner,
        "/etc/motd": "".join(f"{line}\n" for line in persona.motd),
        "/etc/debian_version": "12.11\n",
        "/usr/lib/os-release": _RELEASE,
        "/etc/timezone": "Etc/UTC\n",
        "/etc/machine-id": f"{persona.identity.derive('machine-id', 16).hex()}\n",
        "/etc/fstab": f"UUID={uuid} /               ext4    errors=remount-ro 0       1\n",
        "/etc/ssh/sshd_config": _SSHD,
        "/root/.bashrc": _BASHRC,
        "/root/.profile": _PROFILE,
        "/proc/version": f"Linux version {kernel} (debian-kernel@lists.debian.org) ({persona.system.compiler}) "
        f"{persona.system.build}\n",
        "/proc/cmdline": f"BOOT_IMAGE=/boot/vmlinuz-{kernel} root=UUID={uuid} ro quiet\n",
        "/proc/cpuinfo": hardware.cpuinfo,
        "/proc/meminfo": "".join(f"{name + ':':<16}{size:>8} kB\n" for name, size in hardware.memory_figures.items()),
        "/proc/modules": _modules(persona, hardware),
        "/proc/mounts": f"{_MOUNTS}{root}",
    }
    host, comment = HostKeys(persona.identity), f" root@{persona.host_name}\n".encode()
    keys = {f"/etc/ssh/ssh_host_{name}_key.pub": key + comment for name, key in host.public().items()}
    keys |= {f"/etc/ssh/ssh_host_{name}_key": key for name, key in host.private().items()}
    return {path: text.encode() for path, text in texts.items()} | keys


def root_uuid(persona: Persona) -> str:
    """By which the file system of the root is known."""
    digits = persona.identity.derive("root", 16).hex()
    return "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:]))


def _hosts(persona: Persona) -> str:
    return (
        f"127.0.0.1\tlocalhost\n127.0.1.1\t{persona.full_name}\t{persona.host_name}\n\n"
        "# The following lines are desirable for IPv6 capable hosts\n"
        "::1     localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    )


def _name_server(persona: Persona) -> str:
    return f"10.{persona.identity.number('net', 250)}.{persona.identity.number('subnet', 250)}.53"


def _modules(persona: Persona, hardware: Hardware) -> str:
    names = [persona.system.network_driver, *(["vmw_vmci"] if hardware.virtual else []), *_MODULES]
    sizes = (_BLOCK * (4 + persona.identity.number(f"module {name}", 90)) for name in names)
    return "".join(f"{name} {size} 0 - Live 0x0000000000000000\n" for name, size in zip(names, sizes, strict=True))
