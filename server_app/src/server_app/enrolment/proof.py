"""Renewals: who asks holds the key of the certificate that is to be followed. Pure."""

from base64 import b64decode
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from sensor_wire.v1.enrolment import RenewalRequest, renewal_statement
from server_app.enrolment.requests import public_key_of
from server_app.errors import FieldError, Invalid
from server_app.pki.client_cert import fingerprint


@dataclass(frozen=True)
class Proof:
    """The certificate whose key has signed the request, by its fingerprint, and the key of the next one."""

    fingerprint: str
    key: ec.EllipticCurvePublicKey


def proven(request: RenewalRequest) -> Proof:
    """What a renewal proves; whether the certificate is one of ours is another question.

    Raises:
        Invalid: something in it cannot be read, or the old key has not signed it.
    """
    try:
        certificate = x509.load_pem_x509_certificate(request.certificate.encode())
        old = certificate.public_key()
    except ValueError as error:
        raise _invalid("/certificate", "not a certificate in PEM") from error
    if not isinstance(old, ec.EllipticCurvePublicKey):
        raise _invalid("/certificate", "its key is not on the curve P-256")
    key = public_key_of(request.csr)
    statement = renewal_statement(request.certificate, request.csr)
    try:
        old.verify(b64decode(request.proof, validate=True), statement, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature) as error:
        raise _invalid("/proof", "not the signature of the certificate's key over this request") from error
    return Proof(fingerprint(certificate), key)


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid("The renewal cannot be used. Sign the request by the old key.", (FieldError(pointer, reason),))
