"""Taking an upload to the disk: as a stream, up to a bound, whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import IO

from server_app.errors import FieldError, Invalid, TooLarge

CHUNK = 1024 * 1024
PARTIAL = ".partial"


def receive(stream: IO[bytes], folder: Path, limit: int) -> Path:
    """Write a stream to a new file.

    Args:
        stream: the request's body.
        folder: where; made when it is not there.
        limit: bytes at most.

    Returns:
        The file, whose name ends in `.partial`: it is the caller's to rename or remove.

    Raises:
        TooLarge: the stream has more bytes; nothing is left of it.
        Invalid: it is empty.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{token_hex(8)}{PARTIAL}"
    try:
        _copy(stream, path, limit)
    except BaseException:
        with suppress(FileNotFoundError):
            path.unlink()
        raise
    return path


def _copy(stream: IO[bytes], path: Path, limit: int) -> None:
    count = 0
    with path.open("xb") as file:
        while chunk := stream.read(CHUNK):
            count += len(chunk)
            if count > limit:
                raise TooLarge(
                    f"The archive has more than {limit} bytes.", (FieldError("", f"longer than {limit} bytes"),)
                )
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if count == 0:
        raise Invalid("The body is empty. Send a service archive.", (FieldError("", "is empty"),))
