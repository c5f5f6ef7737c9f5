"""Password hashing with argon2id (RFC 9106's low-memory profile), a bounded number at a time: each takes 64 MiB."""

from threading import BoundedSemaphore

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

CONCURRENT_HASHES = 2

PROFILE = profiles.RFC_9106_LOW_MEMORY

_hasher = PasswordHasher.from_parameters(PROFILE)
_slots = BoundedSemaphore(CONCURRENT_HASHES)


def hashed(password: str) -> str:
    """The hash to store, with its salt and parameters."""
    with _slots:
        return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether this is the password that was hashed."""
    with _slots:
        try:
            return _hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
