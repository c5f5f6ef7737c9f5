"""Follows a honeypot's log of lines, and keeps it small while the honeypot goes on writing."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from honeypot_adapter.log import log

_KEEP_SIZE_AND_PUNCH_HOLE = 0x01 | 0x02
_BLOCK = 4096
_MAX_LINE = 1024 * 1024
MAX_BACKLOG = 24 * 1024 * 1024
"""Bytes of unread log that are kept while the sensor takes nothing."""


class Line(NamedTuple):
    """A line and where the next one begins, in bytes."""

    text: bytes
    next_offset: int


class LogFollower:
    """Reads whole lines from an offset on.

    What has been read is given back to the file system by punching holes: unlike rotation and truncation this needs
    nothing from the honeypot, can lose no line, and offsets stay valid for ever.
    """

    def __init__(self, path: Path, offset: int, max_backlog: int = MAX_BACKLOG) -> None:
        self._path = path
        self._max_backlog = max_backlog
        self._released = 0
        self.offset = offset
        self.lost_lines = 0

    def read(self, limit: int = 256 * 1024) -> list[Line]:
        """Give the next whole lines, about `limit` bytes of them; none while the log does not exist."""
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self.offset:
                    log(f"{self._path} shrank; it is read from its beginning")
                    self.offset = self._released = 0
                self._skip_backlog(file, size)
                file.seek(self.offset)
                data = file.read(limit)
                if b"\n" not in data and len(data) == limit:
                    data += file.read(_MAX_LINE)
        except FileNotFoundError:
            return []
        return self._split(data)

    def bound(self) -> None:
        """Pass over what is too much to be kept, for a caller that cannot read now; `lost_lines` counts it."""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            self._skip_backlog(file, os.fstat(file.fileno()).st_size)

    def release(self) -> None:
        """Give the space of all that lies before the offset back to the file system."""
        end = self.offset // _BLOCK * _BLOCK
        if end <= self._released:
            return
        with self._path.open("r+b") as file:
            punch_hole(file.fileno(), end)
        self._released = end

    def _split(self, data: bytes) -> list[Line]:
        lines = []
        for text in data.splitlines(keepends=True):
            if not text.endswith(b"\n") and len(text) < _MAX_LINE:
                break
            self.offset += len(text)
            # Zeros are holes: the place was lost with its file, the log was not.
            lines.append(Line(text.strip(b"\0\n"), self.offset))
        return lines

    def _skip_backlog(self, file: BinaryIO, size: int) -> None:
        if size - self.offset <= self._max_backlog:
            return
        target, lost = size - self._max_backlog // 2, 0
        file.seek(self.offset)
        while self.offset < target and (line := file.readline(_MAX_LINE)):
            self.offset += len(line)
            lost += line.endswith(b"\n")
        self.lost_lines += lost
        log(f"the sensor took nothing for too long: {lost} lines of {self._path} are lost")


def punch_hole(descriptor: int, length: int) -> None:
    """Free the first bytes of a file without changing its size.

    Raises:
        OSError: the file system cannot (tmpfs, ext4 and xfs can).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if libc.fallocate(descriptor, _KEEP_SIZE_AND_PUNCH_HOLE, 0, length) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot free the part of the log that was read: {os.strerror(number)}")
