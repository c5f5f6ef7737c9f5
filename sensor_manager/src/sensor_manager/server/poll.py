"""The poll: what the sensor is for what it shall be."""

from dataclasses import dataclass
from http import HTTPStatus

from pydantic import ValidationError

from sensor_manager.server.client import ServerClient, refusal
from sensor_manager.server.errors import ServerError
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report

PATH = "/api/sensors/status"


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """The desired state and its entity tag."""

    desired: Desired
    etag: str | None


def poll(client: ServerClient, report: Report, etag: str | None) -> PollAnswer | None:
    """Report and return the desired state, or None when it is still the one with this entity tag.

    Raises:
        ServerError: the server is away, refuses, or answers something that cannot be understood.
    """
    # Defaults are left out: a server that is older does not know the fields that most sensors never need.
    body = report.model_dump_json(exclude_defaults=True)
    response = client.post(PATH, body, {"If-None-Match": etag} if etag else None)
    if response.status == HTTPStatus.NO_CONTENT and etag:
        return None
    if response.status != HTTPStatus.OK:
        raise refusal("poll", response)
    try:
        return PollAnswer(Desired.model_validate_json(response.body), response.etag)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        raise ServerError(f"the desired state cannot be used ({where}: {first['msg']}); the last one stays") from error
