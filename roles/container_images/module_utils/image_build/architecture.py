"""The architectures that images are made for, and what each is called by Debian, Python, Docker and qemu."""

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.tags import Tag, compatible_tags, cpython_tags

TARGET_PYTHON = "3.13"
"""Debian 13's Python, which all our images run."""

NEWEST_GLIBC, OLDEST_GLIBC = 41, 17
_MINOR = int(TARGET_PYTHON.partition(".")[2])
INTERPRETER = f"cp3{_MINOR}"


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One architecture.

    Attributes:
        name: as Debian and sensors name it.
        suffix: what its images' names have behind them.
        machine: as `uname -m` and wheels name it.
        platform: as Docker names it.
        old_platforms: names that wheels for it also had in the past.
        runs_on: the machines that run its programs without emulation.
        emulator: the kernel's entry for it in binfmt_misc.
        processor: the oldest processor it is for, as qemu names it; programs that need a newer one fail when built.
    """

    name: str
    suffix: str
    machine: str
    platform: str
    old_platforms: tuple[str, ...]
    runs_on: frozenset[str]
    emulator: str
    processor: str

    @property
    def wheel_platforms(self) -> tuple[str, ...]:
        """Platforms of wheels that run in our images, the best first."""
        current = (f"manylinux_2_{minor}_{self.machine}" for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1))
        return (*current, f"manylinux2014_{self.machine}", *self.old_platforms)

    @property
    def markers(self) -> dict[str, str]:
        """What a requirement's marker is judged by."""
        return {
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "python_version": TARGET_PYTHON,
            "python_full_version": f"{TARGET_PYTHON}.0",
            "sys_platform": "linux",
            "os_name": "posix",
            "platform_system": "Linux",
            "platform_machine": self.machine,
        }

    def wheel_tags(self) -> Iterator[Tag]:
        """Tags of wheels that run in our images."""
        version = (3, _MINOR)
        yield from cpython_tags(version, abis=[INTERPRETER], platforms=self.wheel_platforms)
        yield from compatible_tags(version, INTERPRETER, platforms=self.wheel_platforms)

    def named(self, reference: str) -> str:
        """An image's name with this architecture's suffix: `honeysens/base:latest` → `honeysens/base-armhf:latest`."""
        repository, colon, tag = reference.rpartition(":")
        return f"{repository}{self.suffix}:{tag}" if colon and "/" not in tag else f"{reference}{self.suffix}"


AMD64 = Architecture(
    name="amd64",
    suffix="",
    machine="x86_64",
    platform="linux/amd64",
    old_platforms=("manylinux2010_x86_64", "manylinux1_x86_64"),
    runs_on=frozenset({"x86_64"}),
    emulator="qemu-x86_64",
    processor="",
)
ARMHF = Architecture(
    name="armhf",
    suffix="-armhf",
    machine="armv7l",
    platform="linux/arm/v7",
    old_platforms=(),
    runs_on=frozenset({"armv7l", "armv8l"}),
    emulator="qemu-arm",
    processor="cortex-a8",  # the BeagleBone Black's
)
ARCHITECTURES = {each.name: each for each in (AMD64, ARMHF)}
