"""What a disk may hold after a power cut: rebuilt from the system calls a process has made.

Everything synced is there. Of what was written since, any part may be: each write wholly, up to some sector, or not at
all. Changes of the folder come in their order, and are sure once the folder is synced.
"""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
CALLS = "openat,pwrite64,ftruncate,fdatasync,fsync,rename,unlink,write"
IGNORED = ("-shm", ".ballast")
"""What means nothing after a restart."""
RECORD = ("-ff", "-ttt", "-xx", "-y", "-s", "1000000", "-e", f"trace={CALLS}")
"""Options for strace to record a process, each thread in a file of its own."""

_LINE = re.compile(r"^(?P<time>[\d.]+) (?P<call>\w+)\((?P<arguments>.*)\) = (?P<result>\S+)")
_DESCRIPTOR = re.compile(r"^(?P<number>\d+)<(?P<path>[^>]*)>")
_TEXT = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class Call:
    """One successful system call; paths are names within the folder."""

    name: str
    path: str
    target: str = ""
    data: bytes = b""
    offset: int = 0
    creates: bool = False


def recorded(prefix: Path, folder: Path) -> list[Call]:
    """Read what strace has recorded, as far as it concerns the folder."""
    lines = [line for part in prefix.parent.glob(f"{prefix.name}.*") for line in part.read_text().splitlines()]
    matches = sorted(
        (m for m in map(_LINE.match, lines) if m and not m["result"].startswith("-")), key=lambda m: m["time"]
    )
    calls = [_call(match["call"], match["arguments"]) for match in matches]
    inside = f"{folder}/"
    return [
        Call(
            each.name,
            each.path.removeprefix(inside),
            each.target.removeprefix(inside),
            each.data,
            each.offset,
            each.creates,
        )
        for each in calls
        if (each.path.startswith(inside) or each.path == str(folder)) and not each.path.endswith(IGNORED)
    ]


def _call(name: str, arguments: str) -> Call:
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
    if name in {"openat", "rename", "unlink"}:
        return Call(name, texts[0].decode(), texts[-1].decode(), creates="O_CREAT" in arguments)
    descriptor = _DESCRIPTOR.match(arguments)
    assert descriptor is not None, arguments
    path = bytes.fromhex(descriptor["path"].replace("\\x", "")).decode(errors="replace")
    numbers = arguments.rpartition(", ")[2]
    return Call(name, path, data=texts[0] if texts else b"", offset=int(numbers) if numbers.isdigit() else 0)


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Call] = field(default_factory=list)

    def after(self, chance: random.Random, share: float) -> bytes:
        """Return the content with so large a share of the pending writes, one of them perhaps torn."""
        content = bytearray(self.safe)
        for call in self.pending:
            if chance.random() < share:
                _apply(content, call)
            elif call.data and chance.random() < share:
                torn = call.data[: chance.randrange(0, len(call.data), SECTOR)]
                _apply(content, Call(call.name, call.path, data=torn, offset=call.offset))
        return bytes(content)


def _apply(content: bytearray, call: Call) -> None:
    if call.name == "ftruncate":
        del content[call.offset :]
    elif call.data:
        content.extend(bytes(max(0, call.offset + len(call.data) - len(content))))
        content[call.offset : call.offset + len(call.data)] = call.data


class Disk:
    """Follows the calls, and makes what a cut would leave behind."""

    def __init__(self) -> None:
        self._now: dict[str, _File] = {}
        self._safe: dict[str, _File] = {}
        self._changes: list[tuple[str, _File | None, str]] = []

    def follow(self, calls: Iterable[Call]) -> None:
        """Take note of the calls that come next."""
        for call in calls:
            self._follow(call)

    def leave(self, folder: Path, chance: random.Random, share: float) -> None:
        """Write the files as they are after a cut at this moment."""
        names = dict(self._safe)
        for change in self._changes[: round(share * len(self._changes))]:
            _rename(names, change)
        for name, file in names.items():
            (folder / name).write_bytes(file.after(chance, share))

    def _follow(self, call: Call) -> None:
        match call.name:
            case "openat" if call.creates and call.path not in self._now:
                self._change((call.path, _File(), ""))
            case "unlink" if call.path in self._now:
                self._change((call.path, None, ""))
            case "rename" if call.path in self._now:
                self._change((call.target, self._now[call.path], call.path))
            case "fsync" | "fdatasync" if call.path in self._now:
                file = self._now[call.path]
                for each in file.pending:
                    _apply(file.safe, each)
                file.pending.clear()
            case "fsync" | "fdatasync":
                self._safe = dict(self._now)
                self._changes.clear()
            case "pwrite64" | "write" | "ftruncate" if call.path in self._now:
                self._now[call.path].pending.append(call)

    def _change(self, change: tuple[str, _File | None, str]) -> None:
        self._changes.append(change)
        _rename(self._now, change)


def _rename(names: dict[str, _File], change: tuple[str, _File | None, str]) -> None:
    name, file, old = change
    names.pop(old, None)
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file
