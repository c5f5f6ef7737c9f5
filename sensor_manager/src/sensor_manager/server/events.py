"""Events to the server, in batches with an answer for each item."""

from collections.abc import Sequence
from http import HTTPStatus

from pydantic import ValidationError

from sensor_manager.server.client import ServerClient, refusal
from sensor_manager.server.errors import ServerError
from sensor_wire.v1.event import BatchResult

PATH = "/api/events"
BATCH_REFUSED = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)


class BatchRefusedError(ServerError):
    """The server does not take this batch as it is; a smaller one without the bad item may do."""


def upload(client: ServerClient, bodies: Sequence[str]) -> BatchResult:
    """Send events (JSON texts) and return what became of each.

    Raises:
        BatchRefusedError: sending the same batch again will not help.
        ServerError: sending it again later may help.
    """
    response = client.post(PATH, f'{{"events":[{",".join(bodies)}]}}')
    if response.status in BATCH_REFUSED:
        error = refusal("events", response)
        raise BatchRefusedError(str(error), status=error.status)
    if response.status != HTTPStatus.OK:
        raise refusal("events", response)
    try:
        return BatchResult.model_validate_json(response.body)
    except ValidationError as error:
        raise ServerError(
            f"the answer to the events cannot be understood: {error.error_count()} errors in it"
        ) from error
