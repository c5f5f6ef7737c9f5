"""The files that FTP shows: a few that are there from the beginning, and what guests leave, in memory and bounded."""

import hashlib
import posixpath
from dataclasses import dataclass, field
from typing import NamedTuple

from netservices.journal import MAX_PAYLOAD
from netservices.persona import Persona

MAX_UPLOAD = 64 * 1024 * 1024
MAX_KEPT = 4 * 1024 * 1024
"""Of one file; of a larger one only beginning, size and hash are known."""

MAX_ROOM = 12 * 1024 * 1024
"""Of all that guests have left or are leaving."""

MAX_FILES = 200
_BEGINNING = 1_700_000_000
_YEAR = 365 * 86400


class Entry(NamedTuple):
    """A file or a folder; `content` None: a folder, or a file whose content was not kept (`folder` tells)."""

    name: str
    size: int
    time: float
    content: bytes | None = None
    folder: bool = False


class Files:
    """By their absolute paths. Folders are there from the beginning, and guests make none."""

    def __init__(self, persona: Persona) -> None:
        owner = persona.organisation or persona.domain
        texts = {
            "/pub/README.txt": f"{owner}: internal use only.\r\n",
            "/pub/hosts.csv": f"host;owner\r\n{persona.host_name};IT\r\n",
        }
        when = {path: _BEGINNING + persona.identity.number(f"ftp-file-{path}", _YEAR) for path in texts}
        self._ours = {
            path: Entry(posixpath.basename(path), len(text), when[path], text.encode()) for path, text in texts.items()
        }
        self._folders = {
            path: Entry(path.strip("/"), 4096, max(when.values()), folder=True) for path in ("/", "/incoming", "/pub")
        }
        self._left: dict[str, Entry] = {}
        self.room = MAX_ROOM

    def is_folder(self, path: str) -> bool:
        """Tell whether there is such a folder."""
        return path in self._folders

    def file(self, path: str) -> Entry | None:
        """Give a file."""
        return self._ours.get(path) or self._left.get(path)

    def entries(self, path: str) -> list[Entry]:
        """Give what is in a folder, or the file itself, by names."""
        if (file := self.file(path)) is not None:
            return [file]
        everything = self._folders | self._ours | self._left
        found = [each for place, each in everything.items() if place != "/" and posixpath.dirname(place) == path]
        return sorted(found, key=lambda each: each.name)

    def may_write(self, path: str) -> bool:
        """Tell whether a guest may leave a file there: not in place of ours, and in folders that there are."""
        return self.is_folder(posixpath.dirname(path)) and not self.is_folder(path) and path not in self._ours

    def keep(self, path: str, entry: Entry) -> None:
        """Keep what a guest has left, instead of the oldest where there is too much."""
        self._forget(path)
        self._left[path] = entry
        while len(self._left) > MAX_FILES or (self.room < MAX_ROOM // 2 and len(self._left) > 1):
            self._forget(next(iter(self._left)))

    def _forget(self, path: str) -> None:
        entry = self._left.pop(path, None)
        if entry is not None and entry.content is not None:
            self.room += len(entry.content)


@dataclass
class Upload:
    """A file that is coming in."""

    files: Files
    path: str
    head: bytes = b""
    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _parts: list[bytes] | None = field(default_factory=list)

    def add(self, data: bytes) -> bool:
        """Take more of it; False: it is too much."""
        self.size += len(data)
        self._hash.update(data)
        self.head += data[: MAX_PAYLOAD - len(self.head)]
        if self._parts is not None:
            self._parts.append(data)
            self.files.room -= len(data)
            if self.size > MAX_KEPT or self.files.room < 0:
                self.drop()
        return self.fits

    @property
    def fits(self) -> bool:
        """Whether it is not too much."""
        return self.size <= MAX_UPLOAD

    def drop(self) -> None:
        """Keep nothing of the content."""
        if self._parts is not None:
            self.files.room += sum(map(len, self._parts))
            self._parts = None

    def done(self, now: float) -> str:
        """Leave it among the files; gives its SHA-256."""
        content = None if self._parts is None else b"".join(self._parts)
        self._parts = None
        self.files.keep(self.path, Entry(posixpath.basename(self.path), self.size, now, content))
        return self._hash.hexdigest()


def resolve(folder: str, name: str) -> str:
    """Give the absolute path of a name that is said in a folder."""
    return posixpath.normpath("/" + posixpath.join(folder, name).lstrip("/"))
