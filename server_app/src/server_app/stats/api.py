from typing import Any

from apiflask import APIBlueprint

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried
from server_app.context import context
from server_app.db import now
from server_app.stats import service
from server_app.stats.schemas import Stats
from server_app.stats.wanted import StatsQuery


def make_blueprint() -> APIBlueprint:
    """`/api/stats`."""
    blueprint = APIBlueprint("stats", __name__, url_prefix="/api/stats")

    @blueprint.get("")
    @blueprint.output(Stats)
    @login_required
    @queried(StatsQuery)
    def get_stats(query: StatsQuery, principal: Principal) -> dict[str, Any]:
        """Count events over time, by service, kind, severity and sensor, and the most frequent sources and ports."""
        with context().database.beholding() as session:
            return service.stats(session, principal, query, now())

    return blueprint
