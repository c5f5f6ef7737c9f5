"""How a sensor gets its certificate: a single-use token and a certificate request for its own key.

Later certificates are got by proof of the key of the last one, whether that has expired or not.
"""

from hashlib import sha256
from typing import Annotated

from pydantic import Field, StringConstraints

from sensor_wire.base import PemText, WireModel

SENSOR_URI_PREFIX = "urn:honeysens:sensor:"
"""A sensor's certificate names it by this URI and its number in the subject alternative name."""


class EnrolmentRequest(WireModel):
    """`POST /api/sensors/enrol`. The request's subject is ignored: the token says which sensor it is."""

    token: Annotated[str, StringConstraints(min_length=22, max_length=128)]
    csr: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class EnrolmentAnswer(WireModel):
    """The sensor's certificate (PEM, leaf first) and the authorities it shall trust."""

    sensor_id: Annotated[int, Field(ge=1)]
    certificate: PemText
    ca_chain: PemText


class RenewalRequest(WireModel):
    """`POST /api/sensors/certificate`; answered with `EnrolmentAnswer`. Sending it again is harmless.

    `certificate` is the sensor's last one (PEM), `csr` a request for the next, for the same key or another. `proof` is
    the signature (ECDSA with SHA-256, DER, base64) of the certificate's key over `renewal_statement`.
    """

    certificate: Annotated[str, StringConstraints(min_length=1, max_length=8192)]
    csr: Annotated[str, StringConstraints(min_length=1, max_length=8192)]
    proof: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{1,256}={0,2}$")]


def renewal_statement(certificate: str, csr: str) -> bytes:
    """What the old key signs: that this request, and no other, shall follow this certificate."""
    digests = sha256(certificate.encode()).digest() + sha256(csr.encode()).digest()
    return b"honeysens certificate renewal 1\n" + digests
