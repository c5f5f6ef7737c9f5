"""SQLite's write-ahead log, read for damage: SQLite itself takes what is behind a bad frame for never written.

The format is https://sqlite.org/fileformat2.html#walformat.
"""

import sqlite3
import struct
from itertools import batched
from pathlib import Path

HEADER = struct.Struct(">8I")
"""Magic, version, page size, number of checkpoints, two salts, two checksums."""
FRAME = struct.Struct(">6I")
"""Page, pages after the commit (0 within a transaction), two salts, two checksums; a page follows."""
BIG_ENDIAN = 1
WORD = 2**32
UNDECIDED = 1
"""The last transaction may have been torn by a power cut before anybody was told that it is on disk."""


def has_lost_transactions(connection: sqlite3.Connection, log: Path) -> bool:
    """Tell whether transactions that had come to disk are behind damage in the log, which ends there for SQLite.

    Args:
        connection: just opened; nothing has been written by it.
        log: the file.
    """
    if not log.exists():
        return False
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    _, valid, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return transactions_behind(log.read_bytes(), page, max(0, valid)) > UNDECIDED


def transactions_behind(log: bytes, page: int, valid: int) -> int:
    """Count the commits after so many frames that belong to the same run of the log; older ones have other salts."""
    size = FRAME.size + page
    frames = [FRAME.unpack_from(log, at) for at in range(HEADER.size, len(log) - size + 1, size)]
    if not frames:
        return 0
    run = HEADER.unpack_from(log)[4:6] if _is_sound(log[: HEADER.size]) else frames[0][2:4]
    return sum(1 for _, commit, *salts, _, _ in frames[valid:] if commit and tuple(salts) == run)


def _is_sound(header: bytes) -> bool:
    *words, first, second = HEADER.unpack(header)
    order = ">6I" if words[0] & BIG_ENDIAN else "<6I"
    one = two = 0
    for left, right in batched(struct.unpack(order, header[: 6 * 4]), 2):
        one = (one + left + two) % WORD
        two = (two + right + one) % WORD
    return (one, two) == (first, second)
