"""The server's own TLS certificate in HS_TLS_DIR, made by the internal authority and renewed in time."""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server_app.files import write_atomically
from server_app.pki.authority import Authority, general_name, key_pem, new_key

RENEW_AT = 3
"""Renewed when less than this fraction (a third) of the lifetime is left."""


def ensure(folder: Path, authority: Authority, names: tuple[str, ...], now: datetime) -> bool:
    """See to it that the folder holds a good certificate and the authority for clients.

    Args:
        folder: what the proxy reads: server.crt (chain, leaf first), server.key, ca.crt.
        authority: who signs.
        names: DNS names and addresses the server is reached by.
        now: the current moment.

    Returns:
        Whether a new certificate was made.
    """
    ca_file, chain_file, key_file = folder / "ca.crt", folder / "server.crt", folder / "server.key"
    if not ca_file.exists() or ca_file.read_bytes() != authority.pem:
        write_atomically(ca_file, authority.pem, 0o644)
    if key_file.exists() and chain_file.exists() and _holds(chain_file.read_bytes(), authority, names, now):
        return False
    key = new_key()
    leaf = authority.issue_server(key.public_key(), names, now)
    write_atomically(key_file, key_pem(key), 0o600)
    write_atomically(chain_file, leaf.public_bytes(Encoding.PEM) + authority.pem, 0o644)
    return True


def _holds(chain: bytes, authority: Authority, names: tuple[str, ...], now: datetime) -> bool:
    leaf = x509.load_pem_x509_certificates(chain)[0]
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    covered = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        leaf.issuer == authority.certificate.subject
        and leaf.not_valid_after_utc - now > lifetime / RENEW_AT
        and set(covered) == {general_name(name) for name in names}
    )
