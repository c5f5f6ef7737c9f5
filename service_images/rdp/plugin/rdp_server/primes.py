"""Primes out of an identity: the same RSA key after each start."""

import math

from honeypot_adapter.identity import Identity

_SMALL_PRIMES_BELOW = 4096
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
"""Of the Miller-Rabin test; numbers of this size that nobody chose with care pass not even one of them by chance."""


def derived_prime(identity: Identity, purpose: str, bits: int) -> int:
    """Give the first prime at or after a derived number that has its two highest bits set.

    Args:
        identity: what it is derived from.
        purpose: as for `Identity.derive`; another purpose gives another prime.
        bits: length of the prime, a multiple of 8.
    """
    candidate = int.from_bytes(identity.derive(purpose, bits // 8)) | (0b11 << (bits - 2)) | 1
    while not is_prime(candidate):
        candidate += 2
    return candidate


def is_prime(number: int) -> bool:
    """Tell whether an odd number beyond the small primes is a prime (of derived numbers: beyond reasonable doubt)."""
    if math.gcd(number, _SMALL) != 1:
        return False
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    return all(_passes(number, base, odd, twos) for base in _BASES)


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, number)
    if power in {1, number - 1}:
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


_SMALL = math.prod(
    number
    for number in range(3, _SMALL_PRIMES_BELOW, 2)
    if all(number % other for other in range(3, math.isqrt(number) + 1, 2))
)
"""The product of the small primes: one gcd tries them all."""
