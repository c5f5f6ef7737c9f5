"""The first contact: the sensor's certificate for its single-use token."""

from http import HTTPStatus

from pydantic import ValidationError

from sensor_manager.files import write_durably
from sensor_manager.server.client import ServerClient, refusal
from sensor_manager.server.errors import ServerError
from sensor_manager.server.identify import identify
from sensor_manager.server.identity import certificate_request, check_authorities, make_key
from sensor_manager.settings import Settings
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.enrolment import EnrolmentAnswer, EnrolmentRequest

PATH = "/api/sensors/enrol"


def enrol(client: ServerClient, config: SensorConfig, settings: Settings) -> None:
    """Make the key if there is none, have it certified, and keep certificate and authorities.

    Raises:
        ServerError: the server is away or refuses; a used or expired token needs a new configuration archive.
    """
    identify(client)
    make_key(settings.key)
    request = EnrolmentRequest(token=config.token, csr=certificate_request(settings.key, config.sensor_id))
    response = client.post(PATH, request.model_dump_json())
    if response.status == HTTPStatus.FORBIDDEN:
        raise ServerError(
            "the server refuses the enrolment token (used, expired or unknown); download a new configuration for "
            f"sensor {config.sensor_id} from the server and put it to {settings.config}",
            status=response.status,
        )
    if response.status != HTTPStatus.OK:
        raise refusal("enrolment", response)
    try:
        answer = EnrolmentAnswer.model_validate_json(response.body)
        check_authorities(answer.ca_chain)
        check_authorities(answer.certificate)
    except (ValidationError, ValueError) as error:
        raise ServerError(f"the answer to the enrolment cannot be used: {error}") from error
    if answer.sensor_id != config.sensor_id:
        raise ServerError(f"enrolled as sensor {answer.sensor_id}, but the configuration is that of {config.sensor_id}")
    write_durably(settings.authorities, answer.ca_chain)
    write_durably(settings.certificate, answer.certificate)
