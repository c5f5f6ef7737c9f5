from apiflask import APIBlueprint

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.described import refuses
from server_app.context import context
from server_app.forwarding import service
from server_app.forwarding.schemas import Delivery, Forwarding


def make_blueprint() -> APIBlueprint:
    """`/api/forwarding`: events on their way to other systems. The settings are at `/api/settings/forwarding`."""
    blueprint = APIBlueprint("forwarding", __name__, url_prefix="/api/forwarding")

    @blueprint.get("")
    @blueprint.output(Forwarding)
    @login_required
    def get_forwarding(principal: Principal) -> Forwarding:
        """How much waits to be forwarded, since when, and what went wrong."""
        with context().database.reading() as session:
            return service.state(session, principal)

    @blueprint.post("/test")
    @blueprint.output(Delivery)
    @refuses(409, 503)
    @login_required
    def test_forwarding(principal: Principal) -> Delivery:
        """Send a test message by the settings as they are, and say what became of it."""
        with context().database.reading() as session:
            return service.test(session, principal, context().queue)

    return blueprint
