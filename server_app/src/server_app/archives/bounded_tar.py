"""Reading a tar stream that may be anything: bounded in every direction, and never extracted by its own names."""

import gzip
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from server_app.errors import FieldError, Invalid

CHUNK = 1024 * 1024
MAX_HEADER = 64 * 1024
MAX_MEMBERS = 1024
RATIO = 20
RATIO_SLACK = 16 * CHUNK
"""Unpacked bytes that are never suspicious: small archives of mostly empty blocks compress very well."""
type Follower = Callable[[float], None]
"""Is told the share of an archive that has been read, 0 to 1; may raise to end it."""


@dataclass(frozen=True)
class Limits:
    """Bounds of an archive: unpacked bytes, and how many times as many they may be as the packed ones."""

    total: int
    ratio: int = RATIO


def refused(reason: str, pointer: str = "") -> Invalid:
    """The refusal of an archive; the reason is what the task shows."""
    return Invalid(f"The archive is refused: {reason}.", (FieldError(pointer, reason),))


@contextmanager
def unpacking() -> Iterator[None]:
    """Turn whatever broken archives make the libraries raise into a refusal."""
    try:
        yield
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, OverflowError) as error:
        raise refused(f"it is damaged or no gzipped tar ({error})") from error


class GunzipReader:
    """Decompresses a stream and stops at the bounds: unpacked bytes, and their ratio to the packed ones."""

    def __init__(self, packed: IO[bytes], limits: Limits, follow: Follower) -> None:
        self._packed = packed
        self._size = max(1, os.fstat(packed.fileno()).st_size)
        self._follow = follow
        self._gzip = gzip.GzipFile(fileobj=packed)
        self._limits = limits
        self._count = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end.

        Raises:
            Invalid: a bound is reached.
        """
        data = self._gzip.read(size)
        self._count += len(data)
        if self._count > self._limits.total:
            raise refused(f"it unpacks to more than {self._limits.total} bytes")
        if self._count > self._limits.ratio * self._packed.tell() + RATIO_SLACK:
            raise refused(f"it unpacks to more than {self._limits.ratio} times its size")
        self._follow(min(1.0, self._packed.tell() / self._size))
        return data

    def drain(self) -> None:
        """Read to the end: only there it is known whether all of it arrived as it was packed.

        Raises:
            Invalid: a bound is reached.
        """
        while self.read(CHUNK):
            pass


class _BoundedTarInfo(tarfile.TarInfo):
    """Long names and extended attributes are read into memory as a whole: they must not be large.

    `_proc_member` is where every version of tarfile comes by before it does so; newer ones pass `frombuf` by.
    """

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} and self.size > MAX_HEADER:
            raise refused("a header in it is too large")
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]  # typeshed leaves it out
        return found

    def _proc_sparse(self, *_: object) -> tarfile.TarInfo:
        # Each of the four formats has a map of its own, which would be read into memory however long it is.
        raise refused("it has a sparse file")

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_sparse


def members(stream: Any, *, links: bool = False) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """The members of a tar stream in their order, each with its content (None for what is no regular file).

    Content must be read before the next member is asked for.

    Args:
        stream: anything with `read(size)`.
        links: whether symbolic links are let pass; only for who does not extract.

    Raises:
        Invalid: too many members, a repeated one, or anything but regular files and folders.
    """
    seen: set[str] = set()
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_BoundedTarInfo) as archive:
        for member in archive:
            if member.name in seen:
                raise refused(f"{_shown(member.name)} is in it more than once")
            seen.add(member.name)
            if len(seen) > MAX_MEMBERS:
                raise refused(f"it has more than {MAX_MEMBERS} members")
            known = member.isreg() or member.isdir() or (links and member.issym())
            if not known or member.issparse():
                raise refused(f"{_shown(member.name)} is no regular file")
            yield member, archive.extractfile(member) if member.isreg() else None


def content_of(member: tarfile.TarInfo, content: IO[bytes], limit: int) -> bytes:
    """All of a small member.

    Raises:
        Invalid: it is larger than `limit` bytes, or cut off.
    """
    if member.size > limit:
        raise refused(f"{_shown(member.name)} is larger than {limit} bytes")
    data = content.read()
    if len(data) != member.size:
        raise refused(f"{_shown(member.name)} is cut off")
    return data


def unexpected(member: tarfile.TarInfo) -> Invalid:
    """The refusal of a member that has no business in the archive."""
    return refused(f"{_shown(member.name)} does not belong into it")


def _shown(name: str) -> str:
    return repr(name[:100])
