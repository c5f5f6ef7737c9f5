"""The folder of firmware archives, each named after its hash."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_app.files import exclusive, sync_folder

SUFFIX = ".tar.gz"
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FirmwareStore:
    """The files; rows say what they are."""

    folder: Path

    def path(self, sha256: str) -> Path:
        """Where the archive of this hash is."""
        if not HASH.fullmatch(sha256):
            raise ValueError("not a hash")
        return self.folder / f"{sha256}{SUFFIX}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Among all processes: from the look whether an archive is used to its row, or its removal, is one step."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with exclusive(self.folder / "lock"):
            yield

    def add(self, file: Path, sha256: str) -> None:
        """Give an archive of the same file system a place here that survives a power cut; keeps the old one, too."""
        self.path(sha256).unlink(missing_ok=True)
        self.path(sha256).hardlink_to(file)
        sync_folder(self.folder)

    def remove(self, sha256: str) -> None:
        """Remove an archive; whoever is downloading it gets the rest."""
        self.path(sha256).unlink(missing_ok=True)

    def sweep(self, wanted: AbstractSet[str]) -> None:
        """Remove all archives but these."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.name.removesuffix(SUFFIX) not in wanted:
                path.unlink(missing_ok=True)
