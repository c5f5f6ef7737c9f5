from apiflask import APIBlueprint
from flask import Response

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import receives
from server_app.assignments import service
from server_app.assignments.schemas import AssignmentChange, AssignmentItem, AssignmentList, assignment_item
from server_app.context import context


def make_blueprint() -> APIBlueprint:
    """`/api/sensors/<id>/services`."""
    blueprint = APIBlueprint("assignments", __name__, url_prefix="/api/sensors/<int:sensor_id>/services")

    @blueprint.get("")
    @blueprint.output(AssignmentList)
    @login_required
    def list_assignments(sensor_id: int, principal: Principal) -> AssignmentList:
        """List the services a sensor shall run."""
        with context().database.reading() as session:
            rows = service.list_assignments(session, principal, sensor_id)
            return AssignmentList(items=[assignment_item(row) for row in rows])

    @blueprint.put("/<service_name>")
    @blueprint.output(AssignmentItem)
    @login_required
    @receives(AssignmentChange)
    def assign(sensor_id: int, service_name: str, body: AssignmentChange, principal: Principal) -> AssignmentItem:
        """Let a sensor run a service."""
        with context().database.writing() as session:
            return assignment_item(service.assign(session, principal, sensor_id, service_name, body.revision))

    @blueprint.delete("/<service_name>")
    @blueprint.output({}, status_code=204)
    @login_required
    def unassign(sensor_id: int, service_name: str, principal: Principal) -> Response:
        """Let a sensor no longer run a service."""
        with context().database.writing() as session:
            service.unassign(session, principal, sensor_id, service_name)
        return Response(status=204)

    return blueprint
