"""Files in the folder of uploads: they arrive whole or in pieces, under names that nobody chooses."""

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from shutil import disk_usage
from typing import IO

from server_app.errors import Conflict, FieldError, Invalid, OutOfSpace, TooLarge
from server_app.files import claimed

CHUNK = 1024 * 1024
NAME = re.compile(r"[0-9a-f]{16}")


def new_name() -> str:
    """A name for a file that is not there yet."""
    return token_hex(8)


def path_of(folder: Path, name: object) -> Path:
    """Where a file is. The name may come out of a task's parameters, which the web process writes.

    Raises:
        ValueError: it is no name of ours.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError("not the name of an uploaded file")
    return folder / name


def receive(stream: IO[bytes], folder: Path, limit: int) -> str:
    """Write all of a stream to a new file.

    Args:
        stream: the request's body.
        folder: where; made when it is not there.
        limit: bytes at most.

    Returns:
        The file's name.

    Raises:
        TooLarge: the stream has more bytes; nothing is left of it.
        Invalid: it is empty.
        OutOfSpace: the disk is full.
    """
    name = new_name()
    path = path_of(folder, name)
    try:
        with appending(folder, name) as file:
            _refuse_empty(file.append(stream, limit))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return name


class GrowingFile:
    """A file that grows at its end, by one writer at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return os.fstat(self._file.fileno()).st_size

    def append(self, stream: IO[bytes], limit: int) -> int:
        """Write a stream behind what is there. What has arrived stays when the stream breaks off.

        Returns:
            Bytes appended.

        Raises:
            TooLarge: the file would have more bytes than `limit`; it is as it was.
            OutOfSpace: the disk is full; it is as it was.
        """
        before = self.size
        try:
            while chunk := stream.read(CHUNK):
                self._write(chunk, limit)
        except TooLarge:
            self._back_to(before)
            raise
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            self._back_to(before)
            raise OutOfSpace("The server's disk is full. Nothing was kept of this request.") from error
        finally:
            os.fsync(self._file.fileno())
        return self.size - before

    def _write(self, chunk: bytes, limit: int) -> None:
        if self._file.tell() + len(chunk) > limit:
            reason = FieldError("", f"longer than {limit} bytes")
            raise TooLarge(f"The archive has more than {limit} bytes.", (reason,))
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _back_to(self, size: int) -> None:
        self._file.seek(size)
        self._file.truncate()


@contextmanager
def appending(folder: Path, name: str) -> Iterator[GrowingFile]:
    """Open a file to append to it; it is made when it is not there.

    Raises:
        Conflict: somebody else is appending.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    file = claimed(path_of(folder, name))
    if file is None:
        raise Conflict("Another request is sending a part of this upload. Wait for it to end.")
    with file:  # unbuffered: what has arrived before a connection breaks is there
        yield GrowingFile(file)


def room_in(folder: Path) -> int:
    """Bytes that still go into the folder's file system."""
    folder.mkdir(mode=0o700, exist_ok=True)
    return disk_usage(folder).free


def size_of(folder: Path, name: str) -> int:
    """Bytes that have arrived."""
    try:
        return path_of(folder, name).stat().st_size
    except FileNotFoundError:
        return 0


def hash_of(path: Path, follow: Callable[[float], None] = lambda _share: None) -> str:
    """The SHA-256 of a file, hexadecimal; `follow` is told the share that has been read."""
    digest = sha256()
    size = max(1, path.stat().st_size)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            follow(min(1.0, file.tell() / size))
    return digest.hexdigest()


def _refuse_empty(count: int) -> None:
    if count == 0:
        raise Invalid("The body is empty. Send an archive.", (FieldError("", "is empty"),))
