from apiflask import APIBlueprint

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import receives
from server_app.context import context
from server_app.divisions import service
from server_app.divisions.schemas import DivisionItem, DivisionList, NewDivision


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

    return blueprint
