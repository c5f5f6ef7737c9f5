"""How a sensor gets its certificate: a single-use token and a certificate request for its own key."""

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
