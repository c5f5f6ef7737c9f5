"""Tells two requests apart without keeping what they held: bodies have passwords in them."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from hmac import new
from pathlib import Path
from secrets import token_bytes

from server_app.files import exclusive, write_atomically

KEY_FILE = "idempotency.key"
KEY_BYTES = 32


def fingerprint(data_dir: Path, parts: Iterable[bytes]) -> str:
    """HMAC-SHA-256 of a request's parts, hexadecimal.

    Without the key, which is in the data folder, a copy of the database does not help to guess what a body held.
    """
    digests = b"".join(sha256(part).digest() for part in parts)  # of fixed length: no part runs into the next
    return new(_key(data_dir), digests, sha256).hexdigest()


@lru_cache(maxsize=4)
def _key(data_dir: Path) -> bytes:
    file = data_dir / KEY_FILE
    with exclusive(data_dir / f"{KEY_FILE}.lock"):
        if not file.exists():
            write_atomically(file, token_bytes(KEY_BYTES), 0o600)
    return file.read_bytes()
