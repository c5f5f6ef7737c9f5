"""Certificate requests of sensors. Pure."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from server_app.errors import FieldError, Invalid


def public_key_of(pem: str) -> ec.EllipticCurvePublicKey:
    """The key a request asks a certificate for; the sender has proved to hold it.

    Raises:
        Invalid: it is no request, its signature is wrong, or the key is not on P-256.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        genuine = request.is_signature_valid
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _invalid("not a certificate request in PEM (PKCS 10)") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _invalid("the key is not on the curve P-256")
    if not genuine:
        raise _invalid("the signature of the request is wrong")
    return key


def _invalid(reason: str) -> Invalid:
    return Invalid(
        "The certificate request cannot be used. Make a P-256 key and a new one.", (FieldError("/csr", reason),)
    )
