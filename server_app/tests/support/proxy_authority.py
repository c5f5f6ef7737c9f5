"""A certificate authority of the test's own, as the server's: a root that issues server and sensor certificates."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAME = "proxy.test"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files in PEM."""

    certificate: x509.Certificate
    certificate_file: Path
    key_file: Path


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._build(self._name, self._key.public_key(), -dt.timedelta(days=30), dt.timedelta(days=30))
        signed = (
            certificate.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(ca=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{name}.crt"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str = "server") -> Pair:
        """A certificate for `SERVER_NAME`."""
        names = x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)])
        return self._issue(name, names, ExtendedKeyUsageOID.SERVER_AUTH, dt.timedelta(days=1))

    def sensor(self, name: str, *, valid_for: dt.timedelta = dt.timedelta(days=1)) -> Pair:
        """A sensor's certificate; a negative `valid_for` makes one that has expired that long ago."""
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:honeysens:sensor:1")])
        return self._issue(name, names, ExtendedKeyUsageOID.CLIENT_AUTH, valid_for)

    def revocation_list(self, *revoked: Pair, ends: dt.timedelta = dt.timedelta(days=30)) -> bytes:
        """A list of revoked certificates as PEM; a negative `ends` makes one that has expired that long ago."""
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - dt.timedelta(days=10))
            .next_update(now + ends)
        )
        for pair in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(pair.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now).build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _issue(
        self, name: str, names: x509.SubjectAlternativeName, usage: x509.ObjectIdentifier, valid_for: dt.timedelta
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._build(_name(name), key.public_key(), -dt.timedelta(days=10), valid_for)
            .add_extension(names, critical=False)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pair = Pair(certificate, self._folder / f"{name}.crt", self._folder / f"{name}.key")
        pair.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pair.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, start: dt.timedelta, end: dt.timedelta
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + start)
            .not_valid_after(now + end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
