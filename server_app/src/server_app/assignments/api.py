from apiflask import APIBlueprint
from flask import Response
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.assignments import matrix, service
from server_app.assignments.schemas import (
    AssignmentChange,
    AssignmentItem,
    AssignmentList,
    Matrix,
    MatrixChanged,
    MatrixChanges,
    assignment_item,
    matrix_column,
    matrix_row,
)
from server_app.context import context
from server_app.db import now
from server_app.preferences import service as preferences
from server_app.sensors.persona import SystemPersona
from server_app.sensors.preferences import SensorSection
from server_app.sensors.queries import SensorFilter, find_sensors
from server_app.services import service as catalogue

MAX_MATRIX_BYTES = 4 * 1024 * 1024


def make_blueprint() -> APIBlueprint:
    """`/api/sensors/<id>/services`, and all of them as a matrix: `/api/assignments`."""
    blueprint = APIBlueprint("assignments", __name__, url_prefix="/api")

    @blueprint.get("/sensors/<int:sensor_id>/services")
    @blueprint.output(AssignmentList)
    @login_required
    def list_assignments(sensor_id: int, principal: Principal) -> AssignmentList:
        """List the services a sensor shall run."""
        with context().database.reading() as session:
            rows, system = service.list_assignments(session, principal, sensor_id), _system(session)
            return AssignmentList(items=[assignment_item(row, rows, system) for row in rows])

    @blueprint.put("/sensors/<int:sensor_id>/services/<service_name>")
    @blueprint.output(AssignmentItem)
    @login_required
    @receives(AssignmentChange)
    def assign(sensor_id: int, service_name: str, body: AssignmentChange, principal: Principal) -> AssignmentItem:
        """Let a sensor run a service."""
        with context().database.writing() as session:
            row = service.assign(session, principal, sensor_id, service_name, body.values())
            return assignment_item(row, service.assignments_of(session, sensor_id), _system(session))

    @blueprint.delete("/sensors/<int:sensor_id>/services/<service_name>")
    @blueprint.output({}, status_code=204)
    @login_required
    def unassign(sensor_id: int, service_name: str, principal: Principal) -> Response:
        """Let a sensor no longer run a service."""
        with context().database.writing() as session:
            service.unassign(session, principal, sensor_id, service_name)
        return Response(status=204)

    @blueprint.get("/assignments")
    @blueprint.output(Matrix)
    @login_required
    @queried(SensorFilter)
    def show_matrix(query: SensorFilter, principal: Principal) -> Matrix:
        """All services, and what the sensors the user sees shall run, in pages of sensors."""
        with context().database.reading() as session:
            page = find_sensors(session, principal, query, now())
            assigned = service.assignments_of(session, *(sensor.id for sensor in page.items))
            system = _system(session)
            return Matrix(
                services=[matrix_column(row) for row in catalogue.list_services(session)],
                items=[
                    matrix_row(sensor, [row for row in assigned if row.sensor_id == sensor.id], system)
                    for sensor in page.items
                ],
                next=page.next,
            )

    @blueprint.patch("/assignments")
    @blueprint.output(MatrixChanged)
    @login_required
    @receives(MatrixChanges, MAX_MATRIX_BYTES)
    def change_matrix(body: MatrixChanges, principal: Principal) -> MatrixChanged:
        """Assign services to many sensors or take them away: all of these changes, or none."""
        with context().database.writing() as session:
            matrix.change(session, principal, body.entries())
        return MatrixChanged(changed=len(body.changes))

    return blueprint


def _system(session: Session) -> SystemPersona:
    return preferences.load(session, SensorSection).persona
