"""The header Client-Cert (RFC 9440), and the check that what it carries is a sensor's certificate. Pure."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from sensor_wire.v1.enrolment import SENSOR_URI_PREFIX

MAX_HEADER = 16 * 1024


class BadCertificate(Exception):  # noqa: N818 - it is the certificate that is bad
    """The certificate proves nothing; the message says why."""


def from_header(value: str) -> x509.Certificate:
    """The certificate of a header value: base64 of the DER between colons.

    Raises:
        BadCertificate: it is not one.
    """
    if len(value) > MAX_HEADER or len(value) <= len("::") or value[0] != ":" or value[-1] != ":":
        raise BadCertificate("the header Client-Cert is not of the form :base64: (RFC 9440)")
    try:
        return x509.load_der_x509_certificate(b64decode(value[1:-1], validate=True))
    except ValueError as error:
        raise BadCertificate("the header Client-Cert holds no certificate") from error


@dataclass(frozen=True, slots=True)
class Proof:
    """Whose certificate it is, and how long its whole chain is valid; its state is another matter."""

    sensor_id: int
    fingerprint: str
    valid_from: datetime
    valid_until: datetime

    def holds(self, now: datetime) -> bool:
        """Whether the whole chain is valid at this moment."""
        return self.valid_from <= now <= self.valid_until


def proven(value: str, authorities: Store, now: datetime) -> Proof:
    """What a header value proves.

    Args:
        value: the header's.
        authorities: those that are trusted.
        now: the moment at which the certificate must be valid.

    Raises:
        BadCertificate: it is none, not signed by one of the authorities, not valid now, not for clients, or names
            no sensor.
    """
    certificate = from_header(value)
    verifier = PolicyBuilder().store(authorities).time(now).build_client_verifier()
    try:
        chain = verifier.verify(certificate, []).chain
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (VerificationError, x509.ExtensionNotFound, ValueError) as error:
        raise BadCertificate(f"the client certificate is not valid: {error}") from error
    if list(usage) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise BadCertificate("the certificate is not one for clients")
    number = [
        uri.removeprefix(SENSOR_URI_PREFIX)
        for uri in names.get_values_for_type(x509.UniformResourceIdentifier)
        if uri.startswith(SENSOR_URI_PREFIX)
    ]
    if len(number) != 1 or not number[0].isascii() or not number[0].isdigit():
        raise BadCertificate("the certificate does not name exactly one sensor")
    return Proof(
        int(number[0]),
        fingerprint(certificate),
        max(each.not_valid_before_utc for each in chain),
        min(each.not_valid_after_utc for each in chain),
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()
