"""Event ids that come out the same whenever the same event is made again."""

import hashlib
import uuid

_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62


def uuid7(time: float, seed: str) -> str:
    """Make a UUID of version 7 (RFC 9562) whose random part is a hash of the seed.

    Args:
        time: seconds since the epoch; its milliseconds make ids sort by time.
        seed: what tells this event from all others of its millisecond, such as session and position in it.
    """
    digest = int.from_bytes(hashlib.sha256(seed.encode("utf-8", "backslashreplace")).digest())
    value = (max(0, int(time * 1000)) & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= (digest & (2**_RANDOM_A_BITS - 1)) << 64
    value |= 0b10 << 62
    value |= (digest >> _RANDOM_A_BITS) & (2**_RANDOM_B_BITS - 1)
    return str(uuid.UUID(int=value))
