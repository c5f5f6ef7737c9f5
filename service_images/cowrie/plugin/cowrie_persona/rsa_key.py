"""Makes the host key for RSA out of the identity: `python -m cowrie_persona.rsa_key` writes it in OpenSSH's format.

It is searched with random numbers that are none: a stream of ChaCha20, whose key is derived. So the same identity leads
to the same primes, as long as the library searches alike; a test has a key to compare with. A small board searches for
a while: it does so in a process of its own, behind all others, and the library does not stay in the honeypot's memory.
"""

import os
import sys

from Cryptodome.PublicKey import RSA  # type: ignore[import-not-found]  # in the image only
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from honeypot_adapter.identity import Identity, identity

_BITS = 3072
"""What OpenSSH makes."""
_NONCE = bytes(16)
_IDLE = 19


def make(own: Identity) -> bytes:
    """Give the private key."""
    stream = Cipher(ChaCha20(own.derive("ssh-rsa"), _NONCE), mode=None).encryptor()
    found = RSA.generate(_BITS, lambda length: stream.update(bytes(length)))
    key = load_der_private_key(found.export_key("DER"), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


if __name__ == "__main__":
    os.nice(_IDLE)
    sys.stdout.buffer.write(make(identity()))
