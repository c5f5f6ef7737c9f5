"""Versions of SMB 2 and 3: which of them are spoken with a visitor.

impacket speaks the oldest. The next ones differ from it in what a server may offer besides (leases, large messages,
several channels, encryption) and need not, and in the keys of signatures, which guests do not have. So they are spoken
by name. 3.1.1 wants to hear besides how the negotiation is hashed, for those keys too.
"""

import struct
from secrets import token_bytes

ANY = 0x02FF
"""Answers a client that has asked by version 1 whether there is any of them: it asks again by version 2."""

SPOKEN = (0x0202, 0x0210, 0x0300, 0x0302, 0x0311)
NEWEST = SPOKEN[-1]
_COUNT = slice(2, 4)
_FIRST = 36


_INTEGRITY, _SHA512 = 1, 1
_SALT_BYTES = 32
_ALIGNMENT = 8


def context(end: int) -> tuple[int, bytes, bytes]:
    """Tell how the negotiation is hashed, as 3.1.1 does.

    Args:
        end: where the answer ends without it.

    Returns:
        Where it stands, the padding up to there, and what is told.
    """
    data = struct.pack("<HHH", 1, _SALT_BYTES, _SHA512) + token_bytes(_SALT_BYTES)
    padding = -end % _ALIGNMENT
    return end + padding, bytes(padding), struct.pack("<HHL", _INTEGRITY, len(data), 0) + data


def chosen(negotiate: bytes) -> int | None:
    """Give the newest that both sides speak; None: there is none.

    Args:
        negotiate: the body of the client's NEGOTIATE.
    """
    count = int.from_bytes(negotiate[_COUNT], "little")
    offered = negotiate[_FIRST:][: count * 2]
    pairs = (offered[at : at + 2] for at in range(0, len(offered), 2))
    return max({int.from_bytes(pair, "little") for pair in pairs} & {*SPOKEN}, default=None)
