from apiflask import APIBlueprint
from flask import Response

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import receives
from server_app.context import context
from server_app.divisions import service
from server_app.divisions.schemas import DivisionItem, DivisionList, NewDivision
from server_app.sensors import service as sensors


def make_blueprint() -> APIBlueprint:
    """`/api/divisions`."""
    blueprint = APIBlueprint("divisions", __name__, url_prefix="/api/divisions")

    @blueprint.get("")
    @blueprint.output(DivisionList)
    @login_required
    def list_divisions(principal: Principal) -> DivisionList:
        """List the divisions the user sees."""
        with context().database.reading() as session:
            found = service.list_divisions(session, principal)
            return DivisionList(items=[DivisionItem.model_validate(division) for division in found])

    @blueprint.post("")
    @blueprint.output(DivisionItem, status_code=201)
    @login_required
    @receives(NewDivision)
    def create_division(body: NewDivision, principal: Principal) -> DivisionItem:
        """Add a division."""
        with context().database.writing() as session:
            return DivisionItem.model_validate(service.create_division(session, principal, body.name))

    @blueprint.get("/<int:division_id>")
    @blueprint.output(DivisionItem)
    @login_required
    def get_division(division_id: int, principal: Principal) -> DivisionItem:
        """One division."""
        with context().database.reading() as session:
            return DivisionItem.model_validate(service.get_division(session, principal, division_id))

    @blueprint.patch("/<int:division_id>")
    @blueprint.output(DivisionItem)
    @login_required
    @receives(NewDivision)
    def rename_division(division_id: int, body: NewDivision, principal: Principal) -> DivisionItem:
        """Rename a division."""
        with context().database.writing() as session:
            return DivisionItem.model_validate(service.rename_division(session, principal, division_id, body.name))

    @blueprint.delete("/<int:division_id>")
    @blueprint.output({}, status_code=204)
    @login_required
    def delete_division(division_id: int, principal: Principal) -> Response:
        """Remove a division that has no sensors, with its contacts and memberships."""
        with context().database.writing() as session:
            names = sensors.names_in(session, division_id)
            service.delete_division(session, principal, division_id, names)
        return Response(status=204)

    return blueprint
