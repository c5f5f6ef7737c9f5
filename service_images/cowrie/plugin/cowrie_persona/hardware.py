"""Processor, memory, disk and network card, and the texts by which Linux tells of them."""

from dataclasses import dataclass
from typing import NamedTuple

from honeypot_adapter.identity import Identity

_GIB_IN_KIB = 1024 * 1024
_FLAGS = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss syscall nx "
    "rdtscp lm constant_tsc arch_perfmon nopl xtopology tsc_reliable nonstop_tsc cpuid tsc_known_freq pni pclmulqdq "
    "ssse3 cx16 sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave rdrand lahf_lm 3dnowprefetch fsgsbase "
    "tsc_adjust smep erms rdseed smap clflushopt xsaveopt xsavec xgetbv1 xsaves arat md_clear arch_capabilities"
)
_PREFIXES = {
    "vmware": "005056",
    "microsoft": "00155d",
    "dell": "1866da",
    "hp": "3cd92b",
    "hewlett packard": "3cd92b",
    "intel": "a0369f",
    "supermicro": "ac1f6b",
    "synology": "001132",
    "qnap": "245ebe",
    "siemens": "001b1b",
    "raspberry pi": "b827eb",
    "fujitsu": "901b0e",
    "cisco": "001b54",
    "realtek": "00e04c",
}
"""The first half of the hardware address, by the vendor's name in small letters (IEEE's list)."""


class Processor(NamedTuple):
    """A model of Intel's family 6; `mhz` and `cache` (KiB) as /proc/cpuinfo says."""

    name: str
    model: int
    stepping: int
    microcode: str
    mhz: float
    cache: int


@dataclass(frozen=True, slots=True)
class Hardware:
    """What this machine has; sizes in KiB, `mac` as six octets with colons."""

    processor: Processor
    cores: int
    memory: int
    memory_free: int
    cached: int
    disk: int
    disk_used: int
    mac: str
    virtual: bool

    @property
    def cpuinfo(self) -> str:
        """The content of /proc/cpuinfo."""
        return "\n".join(self._core(number) for number in range(self.cores)) + "\n"

    def _core(self, number: int) -> str:
        cpu = self.processor
        lines = {
            "processor\t": number,
            "vendor_id\t": "GenuineIntel",
            "cpu family\t": 6,
            "model\t\t": cpu.model,
            "model name\t": cpu.name,
            "stepping\t": cpu.stepping,
            "microcode\t": cpu.microcode,
            "cpu MHz\t\t": f"{cpu.mhz:.3f}",
            "cache size\t": f"{cpu.cache} KB",
            "physical id\t": 0,
            "siblings\t": self.cores,
            "core id\t\t": number,
            "cpu cores\t": self.cores,
            "apicid\t\t": number,
            "initial apicid\t": number,
            "fpu\t\t": "yes",
            "fpu_exception\t": "yes",
            "cpuid level\t": 22,
            "wp\t\t": "yes",
            "flags\t\t": self.flags,
            "bugs\t\t": "spectre_v1 spectre_v2 spec_store_bypass swapgs mmio_stale_data retbleed eibrs_pbrsb gds bhi",
            "bogomips\t": f"{cpu.mhz * 2:.2f}",
            "clflush size\t": 64,
            "cache_alignment\t": 64,
            "address sizes\t": "45 bits physical, 48 bits virtual",
            "power management": "",
        }
        return "".join(f"{name}: {value}\n" if value != "" else f"{name}:\n" for name, value in lines.items())

    @property
    def flags(self) -> str:
        """What the processor can do."""
        return f"{_FLAGS} hypervisor" if self.virtual else _FLAGS

    @property
    def memory_figures(self) -> dict[str, int]:
        """The lines of /proc/meminfo."""
        buffers, shared, swap = self.cached // 12, self.memory // 900, 999420
        return {
            "MemTotal": self.memory,
            "MemFree": self.memory_free,
            "MemAvailable": self.memory_free + self.cached * 9 // 10,
            "Buffers": buffers,
            "Cached": self.cached,
            "SwapCached": 0,
            "Active": self.cached // 2,
            "Inactive": self.cached * 3 // 4,
            "SwapTotal": swap,
            "SwapFree": swap,
            "Dirty": 44,
            "Writeback": 0,
            "AnonPages": self.memory // 14,
            "Mapped": self.memory // 20,
            "Shmem": shared,
            "Slab": self.memory // 30,
            "KernelStack": 2944,
            "PageTables": 4380,
            "VmallocTotal": 34359738367,
            "HugePages_Total": 0,
            "Hugepagesize": 2048,
        }


def made(
    identity: Identity, processors: tuple[Processor, ...], sizes: tuple[tuple[int, ...], ...], vendor: str
) -> Hardware:
    """Choose the hardware of a machine.

    Args:
        identity: of the sensor's service.
        processors: those it may have.
        sizes: those of its memory and of its disk, in GiB.
        vendor: of the network card; one that is not known gets VMware's prefix.
    """
    memory_gib, disk_gib = (each[identity.number(f"size {number}", len(each))] for number, each in enumerate(sizes))
    memory = memory_gib * _GIB_IN_KIB - 51000 - identity.number("memory", 40000)
    disk = disk_gib * _GIB_IN_KIB * 94 // 100
    prefix = _PREFIXES.get(vendor.lower(), _PREFIXES["vmware"])
    address = prefix + identity.derive("mac", 3).hex()
    if prefix == _PREFIXES["vmware"]:  # of this half, virtual machines get these
        address = f"{prefix}{0x80 + identity.number('mac', 0x40):02x}{address[8:]}"
    return Hardware(
        processor=processors[identity.number("processor", len(processors))],
        cores=2 * (1 + identity.number("cores", 2)),
        memory=memory,
        memory_free=memory // 5 + identity.number("free", memory // 5),
        cached=memory // 6 + identity.number("cached", memory // 6),
        disk=disk,
        disk_used=disk // 8 + identity.number("used", disk // 4),
        mac=":".join(address[start : start + 2] for start in range(0, 12, 2)),
        virtual=vendor.lower() in {"vmware", "microsoft"},
    )
