"""An internal certificate authority: what it signs. Its key never leaves HS_CA_DIR, see `keyring`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from secrets import token_hex

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from sensor_wire.v1.enrolment import SENSOR_URI_PREFIX
from server_app.pki import lifetimes
from server_app.pki.lifetimes import CLOCK_SKEW

SENSOR_LIFETIME = timedelta(days=90)


@dataclass(frozen=True)
class Authority:
    """The CA's certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue_sensor(
        self,
        public_key: ec.EllipticCurvePublicKey,
        sensor_id: int,
        now: datetime,
        lifetime: timedelta = SENSOR_LIFETIME,
    ) -> x509.Certificate:
        """A certificate for a sensor's own key; nothing else of its request is taken over."""
        name = x509.UniformResourceIdentifier(f"{SENSOR_URI_PREFIX}{sensor_id}")
        return self._issue(
            _Wish(f"sensor-{sensor_id}", [name], ExtendedKeyUsageOID.CLIENT_AUTH, lifetime), public_key, now
        )

    def issue_server(
        self, public_key: ec.EllipticCurvePublicKey, names: tuple[str, ...], now: datetime
    ) -> x509.Certificate:
        """A certificate for the server under these DNS names and addresses."""
        kinds = [general_name(name) for name in names]
        return self._issue(
            _Wish("HoneySens server", kinds, ExtendedKeyUsageOID.SERVER_AUTH, lifetimes.SERVER), public_key, now
        )

    def link_to(self, successor: x509.Certificate) -> x509.Certificate:
        """The successor's key under this authority's signature.

        Who trusts only this authority trusts through the link what the successor signs. Both have the same name: so the
        link counts as self-issued (RFC 5280, 6.1) and this authority's path length of 0 allows it.
        """
        end = min(successor.not_valid_after_utc, self.certificate.not_valid_after_utc)
        builder = _authority_builder(successor.subject, successor.public_key(), successor.not_valid_before_utc, end)
        return builder.add_extension(self._key_identifier(), critical=False).sign(self.key, hashes.SHA256())

    def _issue(self, wish: "_Wish", public_key: ec.EllipticCurvePublicKey, now: datetime) -> x509.Certificate:
        end = min(now + wish.lifetime, self.certificate.not_valid_after_utc)
        return (
            _builder(_name(wish.common_name), self.certificate.subject, public_key, now - CLOCK_SKEW, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([wish.usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(wish.names), critical=False)
            .add_extension(self._key_identifier(), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def _key_identifier(self) -> x509.AuthorityKeyIdentifier:
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


@dataclass(frozen=True)
class _Wish:
    common_name: str
    names: list[x509.GeneralName]
    usage: ObjectIdentifier
    lifetime: timedelta


def create(now: datetime, predecessor: Authority | None = None) -> Authority:
    """A new authority with a key of its own, and with the predecessor's name, so that this one can link to it."""
    key = new_key()
    name = predecessor.certificate.subject if predecessor else _name(f"HoneySens CA {token_hex(4)}")
    builder = _authority_builder(name, key.public_key(), now - CLOCK_SKEW, now + lifetimes.AUTHORITY)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def general_name(name: str) -> x509.GeneralName:
    """A name or address as certificates hold it."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _authority_builder(name: x509.Name, key: object, start: datetime, end: datetime) -> x509.CertificateBuilder:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("an authority's key is on P-256")
    return (
        _builder(name, name, key, start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
    )


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
