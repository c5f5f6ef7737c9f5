"""How many files are written at once: each occupies a thread of the web process for as long as its client takes.

The slots are locked files, so that they count for all processes together, and the kernel frees those of one that dies.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from server_app.errors import Throttled
from server_app.files import claimed

OF_A_USER = 2
RETRY_SECONDS = 30


class Slot:
    """A file that is being written."""

    def __init__(self, locks: Iterable[IO[bytes]]) -> None:
        self._locks = tuple(locks)

    def free(self) -> None:
        """Let somebody else write one; again, it does nothing."""
        for lock in self._locks:
            lock.close()


def take(folder: Path, user_id: int, most: int) -> Slot:
    """A slot for a user; free it when the file is written or given up.

    Args:
        folder: where the slots are; made when it is not there.
        user_id: who wants the file.
        most: how many all users together may have.

    Raises:
        Throttled: the user has too many, or all together have.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    own = _first_free(folder / f"user-{user_id}-{number}" for number in range(OF_A_USER))
    if own is None:
        raise Throttled(f"{OF_A_USER} exports of yours are running. Wait for one of them to end.", RETRY_SECONDS)
    shared = _first_free(folder / f"all-{number}" for number in range(most))
    if shared is None:
        own.close()
        raise Throttled("Too many exports are running. Try again later.", RETRY_SECONDS)
    return Slot((own, shared))


def while_taken[T](slot: Slot, parts: Iterator[T]) -> Iterator[T]:
    """The same, and the slot is free at the end."""
    try:
        yield from parts
    finally:
        slot.free()


def _first_free(paths: Iterable[Path]) -> IO[bytes] | None:
    return next((file for path in paths if (file := claimed(path)) is not None), None)
