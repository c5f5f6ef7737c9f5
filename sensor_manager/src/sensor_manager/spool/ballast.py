"""Room kept for bad times: when somebody else has filled the disk, acknowledged events can still be deleted."""

import contextlib
import os
import shutil
from pathlib import Path

DEFAULT_BYTES = 4 * 1024 * 1024
"""Twice what the spool's log may hold."""
SPARE = 2
"""The ballast is laid down again once this many times its size is free."""


class Ballast:
    """A file whose only use is to be removed.

    Once it had to be given up, nothing that takes room on the disk is accepted until it is there again: its room is for
    deleting only.

    Args:
        path: the file.
        size: its bytes.
    """

    def __init__(self, path: Path, size: int = DEFAULT_BYTES) -> None:
        self._path = path
        self.size = size
        self._kept = False

    @property
    def room(self) -> int:
        """Bytes that the spool's log may have: all of it can be brought into the file by giving up the ballast."""
        return self.size // 2

    @property
    def given_up(self) -> bool:
        """Whether it has been removed and not come back."""
        return not self._kept

    def keep(self) -> bool:
        """See to it that the file is there; returns whether it is."""
        if not self._kept:
            self._kept = self._lay_down()
        return self._kept

    def give_up(self) -> None:
        """Remove the file; its room is free at once."""
        self._path.unlink(missing_ok=True)
        self._kept = False

    def needed(self) -> bool:
        """Tell whether so little is free that an error of the disk may come from that."""
        return shutil.disk_usage(self._path.parent).free < self.size

    def _lay_down(self) -> bool:
        with contextlib.suppress(OSError):
            if self._path.exists() and self._path.stat().st_size == self.size:
                return True
            self._path.unlink(missing_ok=True)
            if shutil.disk_usage(self._path.parent).free < SPARE * self.size:
                return False
            self._path.write_bytes(os.urandom(self.size))  # nothing that a file system could store in less room
            return True
        self._path.unlink(missing_ok=True)
        return False
