"""What monitoring and proxies ask."""

from apiflask import APIBlueprint
from flask import Response

from server_app.api_base.sensor_auth import sensor_required

IDENTITY = "HoneySens"


def make_blueprint() -> APIBlueprint:
    """`GET /api/system/identify`."""
    blueprint = APIBlueprint("system", __name__, url_prefix="/api/system")

    @blueprint.get("/identify")
    @blueprint.output({}, content_type="text/plain")
    def identify() -> Response:
        """Answer exactly `HoneySens` while the server works; needs no login."""
        return Response(IDENTITY, mimetype="text/plain")

    return blueprint


def make_internal_blueprint() -> APIBlueprint:
    """`/internal`: what the proxy asks before it passes a request on. It is not reachable from outside."""
    blueprint = APIBlueprint("internal", __name__, url_prefix="/internal", enable_openapi=False)

    @blueprint.get("/registry-access")
    @sensor_required
    def registry_access(sensor_id: int) -> Response:  # noqa: ARG001 - the decorator's check is what is wanted
        """Whether this client may read the registry: only sensors whose certificate holds at this moment."""
        return Response(status=204)

    return blueprint
