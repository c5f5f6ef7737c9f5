"""A certificate authority that is not ours: what an administrator brings for the server."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server_app.pki.authority import _key_usage

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issuer:
    """An authority, of the top or below another."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return pem(self.certificate)


@dataclass(frozen=True)
class Own:
    """A server's certificate below an intermediate authority below a root."""

    root: Issuer
    middle: Issuer
    leaf: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def body(self) -> dict[str, str]:
        """What the API takes."""
        return {"key": key_pem(self.key), "chain": pem(self.leaf) + self.middle.pem, "authority": self.root.pem}


def own_certificate(
    name: str = "server.example.com", *, root: Issuer | None = None, days: int = 90, ended: bool = False
) -> Own:
    """A fresh chain for a server's name or address."""
    top = root or _issuer("Company root", None, 1)
    middle = _issuer("Company issuing", top, 0)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    end = now - DAY if ended else now + days * DAY
    leaf = (
        _builder("server", key, middle.certificate.subject, middle.key, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(middle.key, hashes.SHA256())
    )
    return Own(top, middle, leaf, key)


def authority(name: str = "Company") -> Issuer:
    """A fresh self-signed one."""
    return _issuer(name, None, 0)


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issuer(name: str, above: Issuer | None, path_length: int) -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = (above.certificate.subject, above.key) if above else (subject, key)
    certificate = (
        _builder(name, key, issuer, signer, datetime.now(UTC) + 3650 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .sign(signer, hashes.SHA256())
    )
    return Issuer(certificate, key)


def _builder(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, signer: ec.EllipticCurvePrivateKey, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - 10 * DAY)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
