"""The internal certificate authority. Its key is in HS_CA_DIR, which only `init` and the worker can read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from sensor_wire.v1.enrolment import SENSOR_URI_PREFIX
from server_app.files import write_atomically

AUTHORITY_LIFETIME = timedelta(days=3650)
SERVER_LIFETIME = timedelta(days=397)
SENSOR_LIFETIME = timedelta(days=90)
CLOCK_SKEW = timedelta(minutes=10)
"""Certificates begin a little before they are made: a sensor's clock may be late."""
KEY_FILE = "ca.key"
CERTIFICATE_FILE = "ca.crt"


@dataclass(frozen=True)
class Authority:
    """The CA's certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue_sensor(self, public_key: ec.EllipticCurvePublicKey, sensor_id: int, now: datetime) -> x509.Certificate:
        """A certificate for a sensor's own key; nothing else of its request is taken over."""
        name = x509.UniformResourceIdentifier(f"{SENSOR_URI_PREFIX}{sensor_id}")
        return self._issue(
            _Wish(f"sensor-{sensor_id}", [name], ExtendedKeyUsageOID.CLIENT_AUTH, SENSOR_LIFETIME), public_key, now
        )

    def issue_server(
        self, public_key: ec.EllipticCurvePublicKey, names: tuple[str, ...], now: datetime
    ) -> x509.Certificate:
        """A certificate for the server under these DNS names and addresses."""
        wish = _Wish(
            "HoneySens server", [general_name(name) for name in names], ExtendedKeyUsageOID.SERVER_AUTH, SERVER_LIFETIME
        )
        return self._issue(wish, public_key, now)

    def _issue(self, wish: "_Wish", public_key: ec.EllipticCurvePublicKey, now: datetime) -> x509.Certificate:
        issuer = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return (
            x509.CertificateBuilder()
            .subject_name(_name(wish.common_name))
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + wish.lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([wish.usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(wish.names), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
            .sign(self.key, hashes.SHA256())
        )


@dataclass(frozen=True)
class _Wish:
    common_name: str
    names: list[x509.GeneralName]
    usage: ObjectIdentifier
    lifetime: timedelta


def load(folder: Path) -> Authority:
    """The authority that `init` made.

    Raises:
        RuntimeError: there is none, or key and certificate do not belong together.
    """
    try:
        key = load_pem_private_key((folder / KEY_FILE).read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE_FILE).read_bytes())
    except FileNotFoundError as error:
        raise RuntimeError(f"There is no certificate authority in {folder}. Run `server-app init` first.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise RuntimeError(f"{KEY_FILE} and {CERTIFICATE_FILE} in {folder} do not belong together. Restore a backup.")
    return Authority(certificate, key)


def load_or_create(folder: Path, now: datetime) -> Authority:
    """The authority in a folder; made when there is none. The caller sees to it that nobody else does so now."""
    if (folder / KEY_FILE).exists():
        return load(folder)
    authority = _create(now)
    # The key last: it is what says that an authority is here.
    write_atomically(folder / CERTIFICATE_FILE, authority.pem, 0o644)
    write_atomically(folder / KEY_FILE, key_pem(authority.key), 0o600)
    return authority


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM (PKCS 8), not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def general_name(name: str) -> x509.GeneralName:
    """A name or address as certificates hold it."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _create(now: datetime) -> Authority:
    key = new_key()
    name = _name(f"HoneySens CA {token_hex(4)}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
