"""Files that are either the old or the new one, whenever the power goes."""

import os
import tempfile
from pathlib import Path

PRIVATE = 0o600


def write_durably(
    path: Path, content: str, *, mode: int = PRIVATE, encoding: str = "utf-8", owner: int | None = None
) -> None:
    """Replace the file's content as a whole and bring it to disk; it is never readable with a wider mode.

    Args:
        path: the file; its folder must be there.
        content: all of it.
        mode: who may read and write it.
        encoding: of the content.
        owner: user id it belongs to (None: the manager's own).
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding=encoding) as file:
            os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), owner, -1)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    move_durably(temporary, path)


def move_durably(source: Path, target: Path) -> None:
    """Put a file that is on disk in the place of another of the same folder."""
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_if_changed(path: Path, content: str, *, mode: int = PRIVATE, owner: int | None = None) -> bool:
    """Write the file durably unless it has this content already; tell whether it was written."""
    try:
        if path.read_text(encoding="utf-8") == content:
            return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    write_durably(path, content, mode=mode, owner=owner)
    return True
