"""The files that attackers left, within a bound."""

from contextlib import suppress
from pathlib import Path

_MAX_BYTES = 16 * 1024 * 1024
_HEAD_BYTES = 4097
"""One byte more than an event takes, so that it is seen when there is more."""


class Artifacts:
    """A folder of files named by their hash; the oldest go when there are too many."""

    def __init__(self, folder: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def head(self, name: str) -> bytes | None:
        """Give the beginning of a file, None when it is gone; takes the chance to keep the folder within its bound."""
        content = None
        with suppress(OSError), (self._folder / Path(name).name).open("rb") as file:
            content = file.read(_HEAD_BYTES)
        self._tidy()
        return content

    def _tidy(self) -> None:
        with suppress(OSError):
            files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.iterdir())
            excess = sum(size for _, size, _ in files) - self._max_bytes
            for _, size, path in files:
                if excess <= 0:
                    break
                path.unlink(missing_ok=True)
                excess -= size
