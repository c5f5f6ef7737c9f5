"""Events to the server, in batches with an answer for each item."""

from collections.abc import Sequence
from http import HTTPStatus

from pydantic import ValidationError

from sensor_manager.server.client import ServerClient, refusal
from sensor_manager.server.errors import ServerError
from sensor_wire.v1.event import BatchResult

PATH = "/api/events"


class UploadFailedError(ServerError):
    """The events were not taken.

    Attributes:
        ours: the answer came from the HoneySens server or its proxy, as far as its form tells.
    """

    def __init__(self, message: str, *, status: int | None, ours: bool) -> None:
        super().__init__(message, status=status)
        self.ours = ours


def upload(client: ServerClient, bodies: Sequence[str]) -> BatchResult:
    """Send events (JSON texts) and return what became of each.

    Raises:
        UploadFailedError: the whole batch was answered by something else than 200.
        ServerError: there was no answer, or none that can be understood.
    """
    response = client.post(PATH, f'{{"events":[{",".join(bodies)}]}}')
    if response.status != HTTPStatus.OK:
        raise UploadFailedError(str(refusal("events", response)), status=response.status, ours=response.problem)
    try:
        return BatchResult.model_validate_json(response.body)
    except ValidationError as error:
        raise ServerError(
            f"the answer to the events cannot be understood: {error.error_count()} errors in it"
        ) from error
