"""Checks all archives of a folder in a process of its own, and says what became of each: a program of the tests.

Arguments: the folder; how many MiB of addresses the checks may need. Writes JSON: accepted (names), broken (name:
error), left (names after which files were where none may be, or which had something written where nothing may be),
refused (number), rss_mib (growth of the peak).
"""

import json
import os
import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from server_app.archives.bounded_tar import Limits
from server_app.errors import Refusal
from server_app.platforms import archive as firmware
from server_app.services import archive as service

LARGEST = 50 * 1024 * 1024


def main(folder: Path, mebibytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    bound = pages * resource.getpagesize() + mebibytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    before = peak_mib()
    accepted: list[str] = []
    left: list[str] = []
    broken: dict[str, str] = {}
    refused = 0
    sys.dont_write_bytecode = True
    written: list[Path] = []
    sys.addaudithook(lambda name, arguments: written.extend(paths_written(name, arguments)))
    with TemporaryDirectory() as work:
        for file in sorted(folder.iterdir()):
            written.clear()
            try:
                check(file, Path(work))
                accepted.append(file.name)
            except Refusal as refusal:
                refused += bool(refusal.detail and refusal.errors)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                broken[file.name] = repr(error)
            # Firmware is looked at while it is read: nothing of it is written anywhere.
            allowed = [] if is_firmware(file) else [path for path in written if path.is_relative_to(work)]
            if list(Path(work).iterdir()) or written != allowed:
                left.append(file.name)
    found = {"refused": refused, "accepted": accepted, "broken": broken, "left": left, "rss_mib": peak_mib() - before}
    sys.stdout.write(json.dumps(found))


def peak_mib() -> float:
    """The most memory that was resident; `ru_maxrss` would be the parent's, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def is_firmware(file: Path) -> bool:
    """Whether an archive is to be one of firmware, by its name."""
    return file.name.startswith("firmware")


def paths_written(name: str, arguments: tuple[Any, ...]) -> list[Path]:
    """What an event of Python's own auditing makes or opens to write to."""
    if name == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        writes = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return [Path(os.fsdecode(arguments[0]))] if writes else []
    if name in {"os.mkdir", "os.truncate"}:
        return [Path(os.fsdecode(arguments[0]))]
    return [Path(os.fsdecode(arguments[1]))] if name in {"os.link", "os.symlink", "os.rename"} else []


def check(file: Path, work: Path) -> None:
    """As the worker does."""
    if is_firmware(file):
        firmware.check(file, Limits(8 * LARGEST, firmware.RATIO))
        return
    with TemporaryDirectory(dir=work) as folder:
        service.unpack(file, Path(folder), Limits(2 * LARGEST))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
