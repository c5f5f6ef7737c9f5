"""The files of the shares: a few that are there from the beginning, and what guests leave, within a bound."""

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from netservices.persona import Persona

FOLDER = Path("/tmp/smb")  # noqa: S108 - the container's own tmpfs
_BLOCK = 64 * 1024
_BEGINNING = 1_700_000_000
_YEAR = 365 * 86400
_MAX_ENTRIES = 1000
_OURS: set[Path] = set()


def decoys(share: str, persona: Persona) -> Path:
    """Make a share's folder with its first files.

    The folders' names begin with none of the others' names: impacket compares paths by their beginnings.
    """
    folder = FOLDER / ("ipc" if share == "ipc" else hashlib.sha256(share.encode()).hexdigest()[:16])
    folder.mkdir(parents=True, exist_ok=True)
    if share == "ipc":
        return folder
    owner = persona.organisation or persona.domain
    table = f"host;owner\r\n{persona.host_name};IT\r\n"
    files = {"README.txt": f"{owner}: internal use only.\r\n", "inventory.csv": table}
    for name, content in files.items():
        path = folder / name
        path.write_text(content, encoding="utf-8", newline="")
        moment = _BEGINNING + persona.identity.number(f"smb-file-{share}-{name}", _YEAR)
        _OURS.add(path)
        os.utime(path, (moment, moment))
    return folder


def head_and_hash(path: Path, head_bytes: int) -> tuple[bytes, str, int]:
    """Give a file's beginning, its SHA-256 and its size; nothing of a file that is gone."""
    digest, head, size = hashlib.sha256(), b"", 0
    with suppress(OSError), path.open("rb") as file:
        while block := file.read(_BLOCK):
            head = head or block[:head_bytes]
            digest.update(block)
            size += len(block)
    return head, digest.hexdigest(), size


def tidy(max_bytes: int) -> None:
    """Remove the oldest of what guests have left beyond the bound, and beyond a thousand files and folders."""
    left = [path for path in FOLDER.glob("*/**/*") if path not in _OURS]
    with suppress(OSError):
        # Not by the time of modification, which a guest may set.
        entries = sorted((path.stat().st_ctime, path.stat().st_size, path) for path in left)
        excess = sum(size for _, size, path in entries if path.is_file()) - max_bytes
        surplus = len(entries) - _MAX_ENTRIES
        for _, size, path in entries:
            if excess <= 0 and surplus <= 0:
                break
            surplus -= 1
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
                excess -= size
