"""What is this sensor's own and stays the same over updates: keys, serial numbers, addresses of devices.

All of it is derived from one seed, which the sensor keeps for each of its services and puts beside the socket. So a
new container, and a new revision too, shows an attacker the host key that he has seen before, and no two sensors share
one. A captured container can tell the seed of its own service only.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache
from pathlib import Path

from honeypot_adapter.log import log

IDENTITY_PATH = Path("/run/honeysens/identity")
"""64 hexadecimal digits."""

_SEED_BYTES = 32
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Identity:
    """Derives whatever is needed from a seed (HKDF-Expand of RFC 5869 with SHA-256)."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """Give bytes that are always the same for this sensor, service and purpose, and look random to all others.

        Args:
            purpose: what they are for, such as `ssh-ed25519`; another purpose gives unrelated bytes.
            length: at most 8160.
        """
        blocks, block = b"", b""
        for number in range(1, -(-length // _SEED_BYTES) + 1):
            block = hmac.digest(self._seed, block + purpose.encode() + bytes([number]), hashlib.sha256)
            blocks += block
        return blocks[:length]

    def number(self, purpose: str, below: int) -> int:
        """Give an integer from 0 on, likewise; every one below the bound is as likely as any other.

        Args:
            purpose: as for `derive`.
            below: the bound, at least 1.
        """
        return int.from_bytes(self.derive(purpose, (below.bit_length() + 7) // 8 + 16)) % below

    def p256(self, purpose: str) -> int:
        """Give the private number of a key on the curve P-256, for a library to make the key of.

        Args:
            purpose: as for `derive`.
        """
        return 1 + self.number(purpose, _P256_ORDER - 1)


@lru_cache
def identity(path: Path = IDENTITY_PATH) -> Identity:
    """Read the seed; where the sensor gives none, one that lasts as long as this process takes its place."""
    try:
        seed = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        log(f"there is no identity to derive keys from, they will change with the next start: {error!r}")
        seed = b""
    return Identity(seed if len(seed) == _SEED_BYTES else secrets.token_bytes(_SEED_BYTES))
