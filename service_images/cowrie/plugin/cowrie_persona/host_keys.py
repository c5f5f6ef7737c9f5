"""The host keys that are made at once: of the identity, so that they stay the same as long as the sensor lives.

The one for RSA takes longer (`rsa_key`).
"""

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from honeypot_adapter.identity import Identity


class HostKeys:
    """By their name in the files' names: `ed25519` and `ecdsa`."""

    def __init__(self, identity: Identity) -> None:
        self._keys: dict[str, Ed25519PrivateKey | EllipticCurvePrivateKey] = {
            "ed25519": Ed25519PrivateKey.from_private_bytes(identity.derive("ssh-ed25519")),
            "ecdsa": derive_private_key(identity.p256("ssh-ecdsa"), SECP256R1()),
        }

    def private(self) -> dict[str, bytes]:
        """OpenSSH's format."""
        return {
            name: key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
            for name, key in self._keys.items()
        }

    def public(self) -> dict[str, bytes]:
        """One line each, without comment."""
        return {
            name: key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            for name, key in self._keys.items()
        }
