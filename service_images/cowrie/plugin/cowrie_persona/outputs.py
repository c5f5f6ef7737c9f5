"""What commands print that always print the same, by their paths."""

from cowrie_persona.contents import root_uuid
from cowrie_persona.hardware import Hardware
from cowrie_persona.persona import Persona


def outputs(persona: Persona, hardware: Hardware) -> dict[str, bytes]:
    """In the place of cowrie's own, which are all the same everywhere; both ways to name a program's folder."""
    texts = {
        "df": _df(persona, hardware),
        "mount": _mount(persona, hardware),
        "dmesg": _dmesg(persona, hardware),
        "lscpu": _lscpu(hardware),
        "nproc": f"{hardware.cores}\n",
        "getconf": "64\n",
        "top": "top: failed tty get\n",
        "vi": "Vim: Warning: Output is not to a terminal\n",
        "vim": "Vim: Warning: Output is not to a terminal\n",
        "ulimit": "unlimited\n",
    }
    folders = ("bin", "usr/bin")
    return {f"{folder}/{name}": text.encode() for folder in folders for name, text in texts.items()}


def _df(persona: Persona, hardware: Hardware) -> str:
    run, shared = hardware.memory // 10, hardware.memory // 2
    rows = (
        ("udev", shared - 60000, 0, "/dev"),
        ("tmpfs", run, 620 + persona.identity.number("run", 400), "/run"),
        (persona.system.root_device, hardware.disk, hardware.disk_used, "/"),
        ("tmpfs", shared, 0, "/dev/shm"),  # noqa: S108 - a text
        ("tmpfs", 5120, 0, "/run/lock"),
        ("tmpfs", run, 0, "/run/user/0"),
    )
    lines = [f"{'Filesystem':<15}{'1K-blocks':>10}{'Used':>9}{'Available':>10} Use% Mounted on"]
    for name, size, used, place in rows:
        share = -(-used * 100 // size)
        lines.append(f"{name:<15}{size:>10}{used:>9}{size - used:>10} {share:>3}% {place}")
    return "\n".join(lines) + "\n"


def _mount(persona: Persona, hardware: Hardware) -> str:
    blocks = hardware.memory // 2 - 60000
    return (
        "sysfs on /sys type sysfs (rw,nosuid,nodev,noexec,relatime)\n"
        "proc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\n"
        f"udev on /dev type devtmpfs (rw,nosuid,relatime,size={blocks}k,nr_inodes={blocks // 4},mode=755,inode64)\n"
        "devpts on /dev/pts type devpts (rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000)\n"
        f"tmpfs on /run type tmpfs (rw,nosuid,nodev,noexec,relatime,size={hardware.memory // 10}k,mode=755,inode64)\n"
        f"{persona.system.root_device} on / type ext4 (rw,relatime,errors=remount-ro)\n"
        "tmpfs on /dev/shm type tmpfs (rw,nosuid,nodev,inode64)\n"
        "cgroup2 on /sys/fs/cgroup type cgroup2 (rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot)\n"
    )


def _lscpu(hardware: Hardware) -> str:
    cpu, cores = hardware.processor, hardware.cores
    lines = {
        "Architecture": "x86_64",
        "CPU op-mode(s)": "32-bit, 64-bit",
        "Address sizes": "45 bits physical, 48 bits virtual",
        "Byte Order": "Little Endian",
        "CPU(s)": cores,
        "On-line CPU(s) list": f"0-{cores - 1}",
        "Vendor ID": "GenuineIntel",
        "Model name": cpu.name,
        "CPU family": 6,
        "Model": cpu.model,
        "Thread(s) per core": 1,
        "Core(s) per socket": cores,
        "Socket(s)": 1,
        "Stepping": cpu.stepping,
        "BogoMIPS": f"{cpu.mhz * 2:.2f}",
        "Flags": hardware.flags,
        "L3 cache": f"{cpu.cache} KiB",
        "NUMA node(s)": 1,
        "NUMA node0 CPU(s)": f"0-{cores - 1}",
    }
    return "".join(f"{name + ':':<26}{value}\n" for name, value in lines.items())


def _dmesg(persona: Persona, hardware: Hardware) -> str:
    system, cpu, uuid = persona.system, hardware.processor, root_uuid(persona)
    lines = [
        f"Linux version {system.kernel} (debian-kernel@lists.debian.org) ({system.compiler}) {system.build}",
        f"Command line: BOOT_IMAGE=/boot/vmlinuz-{system.kernel} root=UUID={uuid} ro quiet",
        "BIOS-provided physical RAM map:",
        "NX (Execute Disable) protection: active",
        *([f"DMI: {system.board}"] if persona.mac_vendor == system.mac_vendor else []),
        *(["Hypervisor detected: VMware"] if hardware.virtual else []),
        f"tsc: Detected {cpu.mhz:.3f} MHz processor",
        f"Memory: {hardware.memory - 90000}K/{hardware.memory + 50000}K available",
        f"smpboot: CPU0: {cpu.name} (family: 0x6, model: {cpu.model:#x}, stepping: {cpu.stepping:#x})",
        f"smp: Brought up 1 node, {hardware.cores} CPUs",
        "NET: Registered PF_INET protocol family",
        "Freeing initrd memory: 35812K",
        "sd 0:0:0:0: [sda] Write Protect is off",
        "EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.",
        "systemd[1]: Inserted module 'autofs4'",
        f"systemd[1]: Hostname set to <{persona.host_name}>.",
        "EXT4-fs (sda1): re-mounted. Quota mode: none.",
        f"{system.network_driver} 0000:0b:00.0 eth0: renamed from ens192",
        'audit: type=1400 audit: apparmor="STATUS" operation="profile_load" profile="unconfined"',
        f"{system.network_driver} 0000:0b:00.0 eth0: NIC Link is Up 10000 Mbps",
        "IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready",
    ]
    odd = (persona.identity.number(f"at {number}", 900) / 1e6 for number in range(len(lines)))
    moments = [(number - 3) ** 3 * 0.004 + fraction if number > 3 else 0.0 for number, fraction in enumerate(odd)]  # noqa: PLR2004 - before the clock runs
    return "".join(f"[{moment:12.6f}] {line}\n" for moment, line in zip(moments, lines, strict=True))
