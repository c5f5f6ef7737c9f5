"""Makes the TLS key and certificate out of the identity: `python -m web_honeypot.certificate FILE`.

Everything in it is derived, the signature too, so a new container shows the certificate that an attacker has seen
before. It runs in a process of its own, because the library for it would stay in the honeypot's memory.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from honeypot_adapter.identity import identity
from honeypot_adapter.options import Options
from web_honeypot.persona import Persona

_FIRST_ISSUE = datetime(2024, 3, 4, 7, 0, tzinfo=UTC)
_ISSUE_SECONDS = 500 * 24 * 3600
_LIFE = timedelta(days=3650)
_MAX_COMMON_NAME = 64


def make(persona: Persona) -> bytes:
    """Give key and self-signed certificate as PEM; the same bytes for the same identity and persona."""
    own = persona.identity
    key = ec.derive_private_key(own.p256("tls key"), ec.SECP256R1())
    issued = _FIRST_ISSUE + timedelta(seconds=own.number("tls issued", _ISSUE_SECONDS))
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, persona.organisation[:_MAX_COMMON_NAME]),
            x509.NameAttribute(NameOID.COMMON_NAME, persona.fqdn[:_MAX_COMMON_NAME]),
        ]
    )
    names = x509.SubjectAlternativeName([x509.DNSName(persona.fqdn), x509.DNSName(persona.host_name.lower())])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1 + (own.number("tls serial", 1 << 158)))
        .not_valid_before(issued)
        .not_valid_after(issued + _LIFE)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.touch(mode=0o600)
    path.write_bytes(make(Persona.of(Options.of_environment(), identity())))
