"""What monitoring and proxies ask."""

from apiflask import APIBlueprint
from flask import Response

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
