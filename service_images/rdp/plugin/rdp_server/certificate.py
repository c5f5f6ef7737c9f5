"""Makes the TLS key and certificate out of the identity: `python -m rdp_server.certificate FILE`.

Both are the same after each start, as on the computer that this claims to be. Windows renews its own after half a
year, and so does this. It runs in a process of its own, because the library for it would stay in the server's memory.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from honeypot_adapter.identity import Identity, identity
from honeypot_adapter.options import Options
from rdp_server.persona import Persona
from rdp_server.primes import derived_prime

_PRIME_BITS = 1024
_EXPONENT = 65537
_LIFE_SECONDS = 182 * 24 * 3600
_MAX_COMMON_NAME = 64


def derived_key(own: Identity) -> rsa.RSAPrivateKey:
    """Give the RSA key of 2048 bits that belongs to an identity."""
    p, q = (derived_prime(own, f"rdp key {name}", _PRIME_BITS) for name in "pq")
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    coefficient = rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), coefficient, public).private_key()


def issued_at(own: Identity, now: float) -> datetime:
    """Tell when the certificate that is valid now was issued (to the second, in UTC)."""
    offset = own.number("rdp issued", _LIFE_SECONDS)
    return datetime.fromtimestamp((int(now) - offset) // _LIFE_SECONDS * _LIFE_SECONDS + offset, UTC)


def make(own: Identity, persona: Persona, now: float) -> bytes:
    """Give key and self-signed certificate as PEM, with the fields that Windows gives its own.

    Args:
        own: what key, serial number and times are derived from.
        persona: whose names the certificate has.
        now: seconds since the epoch.
    """
    key = derived_key(own)
    issued = issued_at(own, now)
    names = [x509.NameAttribute(NameOID.COMMON_NAME, persona.fqdn[:_MAX_COMMON_NAME])]
    if persona.organisation and not persona.nla:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, persona.organisation[:_MAX_COMMON_NAME]))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(x509.Name(names))
        .public_key(key.public_key())
        .serial_number(1 << 120 | own.number(f"rdp serial {issued:%Y-%m-%d}", 1 << 120))
        .not_valid_before(issued)
        .not_valid_after(issued + timedelta(seconds=_LIFE_SECONDS))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_ENCIPHERMENT, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


_ENCIPHERMENT = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=True,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(make(identity(), Persona.of(Options.of_environment()), datetime.now(UTC).timestamp()))
