"""Whether the server's own TLS certificate still holds, and a new one from an internal authority. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from server_app.pki.authority import Authority, general_name, new_key
from server_app.pki.keyring import key_pem

RENEW_AT = 3
"""Renewed when less than this fraction (a third) of the lifetime is left."""


@dataclass(frozen=True)
class ServerPair:
    """The server's certificate, its chain (leaf first) and its key, both as PEM."""

    certificate: x509.Certificate
    chain: bytes
    key: bytes


@dataclass(frozen=True)
class Signer:
    """The authority that signs, and its links to those before it, newest first, for sensors that know only those."""

    authority: Authority
    links: Sequence[bytes] = ()


def issued(signer: Signer, names: tuple[str, ...], now: datetime) -> ServerPair:
    """A fresh key and a certificate for these DNS names and addresses.

    The authority's own certificate is no part of the chain: whoever trusts it has it, and for the others it would hide
    the way over the links.
    """
    key = new_key()
    leaf = signer.authority.issue_server(key.public_key(), names, now)
    return ServerPair(leaf, leaf.public_bytes(Encoding.PEM) + b"".join(signer.links), key_pem(key))


def holds(chain: bytes, key: bytes, signer: Signer, names: tuple[str, ...], now: datetime) -> bool:
    """Whether what is there is from this signer, for these names, fits together and does not end soon."""
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        leaf = certificates[0]
        fits = load_pem_private_key(key, password=None).public_key() == leaf.public_key()
        leaf.verify_directly_issued_by(signer.authority.certificate)
        covered = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    links = b"".join(each.public_bytes(Encoding.PEM) for each in certificates[1:])
    return (
        fits
        and links == b"".join(signer.links)
        and leaf.not_valid_after_utc - now > lifetime / RENEW_AT
        and set(covered) == {general_name(name) for name in names}
    )
