"""Files that appear as a whole or not at all, and locks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import IO


def write_atomically(path: Path, content: bytes, mode: int) -> None:
    """Write a file beside its place, bring it to the disk and move it there.

    Args:
        path: where it shall be.
        content: all of it.
        mode: permissions; it never has laxer ones, not even for a moment.
    """
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring to the disk what names a folder has."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def claimed(path: Path) -> IO[bytes] | None:
    """A file, made when it is not there, that nobody else claims until it is closed or this process ends.

    Returns:
        The file to append to, unbuffered; None when somebody has it.
    """
    file = path.open("ab", buffering=0)
    with suppress(BlockingIOError):
        flock(file, LOCK_EX | LOCK_NB)
        return file
    file.close()
    return None


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold a lock among the processes that share the file's folder."""
    with lock_file.open("a") as file:
        flock(file, LOCK_EX)
        yield
