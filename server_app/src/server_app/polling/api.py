from apiflask import APIBlueprint
from flask import Response, request

from sensor_wire.v1.desired import Desired
from sensor_wire.v1.poll import Report
from server_app.api_base.body import receives
from server_app.api_base.described import answers_empty, refuses, takes_header
from server_app.api_base.sensor_auth import known_sensor_required
from server_app.context import context
from server_app.db import now
from server_app.polling import service
from server_app.polling.known import KNOWN, Known
from server_app.polling.reading import MAX_REPORT_BYTES, outside_of, sound
from server_app.polling.service import Visit


def make_blueprint() -> APIBlueprint:
    """`/api/sensors/status`, the poll."""
    blueprint = APIBlueprint("polling", __name__, url_prefix="/api/sensors")

    @blueprint.post("/status")
    @blueprint.output(Desired)
    @answers_empty(204, "The sensor has the desired state already (If-None-Match).")
    @known_sensor_required(KNOWN)
    @refuses(503)
    @takes_header(
        "If-None-Match",
        description="The ETag of the desired state that the sensor has.",
        schema={"type": "string"},
        example='"7.9f86d081884c7d65"',
    )
    @receives(Report, MAX_REPORT_BYTES, at_once=sound)
    def poll(body: Report, sensor_id: int, known: Known) -> Response:
        """Take the sensor's report and answer its desired state; 204 when it has it already (If-None-Match)."""
        visit = Visit(sensor_id, known, now(), body, request.if_none_match.contains_weak)
        answer = service.poll(context().database, context().contacts, visit, outside_of(context().settings))
        response = Response(
            None if answer.desired is None else answer.desired.model_dump_json(),
            status=204 if answer.desired is None else 200,
            mimetype="application/json",
        )
        response.set_etag(answer.etag)
        return response

    return blueprint
