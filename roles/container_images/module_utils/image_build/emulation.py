"""Programs of another architecture on this machine: qemu-user, which the kernel's binfmt_misc starts for them.

The registration is the whole kernel's. Any privileged container that starts systemd wipes it, so it is looked at
again right before each step that needs it.
"""

import platform
from pathlib import Path

from .architecture import Architecture
from .process import BuildError, run

BINFMT_MISC = Path("/proc/sys/fs/binfmt_misc")
DEFINITIONS = Path("/usr/lib/binfmt.d")
FIXED = "F"
"""The flag by which the kernel keeps the emulator open: containers do not hold it."""
HINT = "Run the build again, which registers it; a privileged container that starts systemd wipes it."


def needed(architecture: Architecture) -> bool:
    """Whether this machine runs the architecture's programs by emulation only."""
    return platform.machine() not in architecture.runs_on


def check(architecture: Architecture, table: Path = BINFMT_MISC) -> None:
    """See that programs of the architecture can be run, right before one is.

    Raises:
        BuildError: they cannot; the message says what to do.
    """
    if needed(architecture) and (problem := _problem(architecture, table)):
        raise BuildError(f"This machine cannot run {architecture.name} programs: {problem} {HINT}")


def ensure(architecture: Architecture, *, dry_run: bool) -> bool:
    """Register the emulator unless it is; returns whether that was (or would be) a change.

    Raises:
        BuildError: the emulator is not installed, or what is registered cannot be used.
    """
    if not needed(architecture) or not _problem(architecture, BINFMT_MISC):
        return False
    if dry_run:
        return True
    if not (BINFMT_MISC / "register").exists():
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT_MISC)], what="Mounting binfmt_misc")
    if not (BINFMT_MISC / architecture.emulator).exists():
        definition = DEFINITIONS / f"{architecture.emulator}.conf"
        if not definition.exists():
            raise BuildError(f"There is no {definition}. Install Debian's qemu-user-static.")
        _register(registration(definition.read_text(encoding="utf-8")))
    check(architecture)
    return True


def registration(definition: str) -> str:
    """The line of a binfmt.d file that the kernel takes.

    Raises:
        BuildError: there is none.
    """
    lines = [line for line in definition.splitlines() if line.startswith(":")]
    if not lines:
        raise BuildError("The emulator's binfmt.d file registers nothing. Install Debian's qemu-user-static again.")
    return lines[0]


def _register(line: str) -> None:
    try:
        (BINFMT_MISC / "register").write_text(line, encoding="ascii")
    except OSError as error:
        raise BuildError(f"The kernel does not take the registration of the emulator: {error}.") from error


def _problem(architecture: Architecture, table: Path) -> str:
    """Why the kernel cannot start the emulator; empty if it can."""
    entry = table / architecture.emulator
    if not entry.exists():
        return f"{architecture.emulator} is not registered in {table}."
    enabled, *fields = entry.read_text(encoding="utf-8").splitlines()
    flags = next((line.removeprefix("flags: ") for line in fields if line.startswith("flags: ")), "")
    if enabled != "enabled":
        return f"{entry} is not enabled."
    if FIXED not in flags:
        return f"{entry} was registered without the flag {FIXED}, so that containers cannot use it. Write -1 into it."
    return ""
