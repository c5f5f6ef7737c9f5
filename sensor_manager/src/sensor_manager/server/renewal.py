"""The next certificate, for proof of the key of the last one: whether that still holds or not."""

from base64 import b64encode
from http import HTTPStatus

from pydantic import ValidationError

from sensor_manager.files import write_durably
from sensor_manager.server.client import ServerClient, refusal
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identity import (
    adopt_next,
    certificate_request,
    check_authorities,
    fits,
    make_key,
    signature,
)
from sensor_manager.settings import Settings
from sensor_wire.v1.enrolment import EnrolmentAnswer, RenewalRequest, renewal_statement

PATH = "/api/sensors/certificate"


class RenewalRefusedError(ServerError):
    """The server will never certify for this old certificate; only a new configuration archive helps."""


def renew(client: ServerClient, sensor_id: int, settings: Settings) -> None:
    """Make the next key if there is none, have it certified, and put both in the place of the old ones.

    Killed at any point, the sensor goes on with a key and a certificate that fit: the next key is kept before it is
    used, and for the same key the server gives the same certificate again.

    Args:
        client: without a client certificate, which the server's proxy would refuse once it has expired.
        sensor_id: the sensor's number.
        settings: places of key and certificate.

    Raises:
        RenewalRefusedError: the certificate is revoked, unknown, or expired for too long.
        ServerError: the server is away or answers something else.
    """
    make_key(settings.next_key)
    certificate = settings.certificate.read_text(encoding="ascii")
    csr = certificate_request(settings.next_key, sensor_id)
    proof = b64encode(signature(settings.key, renewal_statement(certificate, csr))).decode()
    request = RenewalRequest(certificate=certificate, csr=csr, proof=proof)
    response = client.post(PATH, request.model_dump_json())
    if response.status == HTTPStatus.FORBIDDEN:
        raise RenewalRefusedError(str(refusal("the renewal of the certificate", response)), status=response.status)
    if response.status != HTTPStatus.OK:
        raise refusal("the renewal of the certificate", response)
    try:
        answer = EnrolmentAnswer.model_validate_json(response.body)
        check_authorities(answer.ca_chain)
        fitting = fits(settings.next_key, answer.certificate, sensor_id)
    except (ValidationError, ValueError) as error:
        raise ServerError(f"the answer to the renewal cannot be used: {error}") from error
    if not fitting:
        raise ServerError("the renewed certificate is not for this sensor and its new key; the old one stays")
    write_durably(settings.next_certificate, answer.certificate)
    adopt_next(settings)
