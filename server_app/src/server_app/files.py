"""Files that appear as a whole or not at all, and locks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path


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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold a lock among the processes that share the file's folder."""
    with lock_file.open("a") as file:
        flock(file, LOCK_EX)
        yield
