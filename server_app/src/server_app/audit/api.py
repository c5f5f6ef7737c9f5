from apiflask import APIBlueprint

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried
from server_app.audit import service
from server_app.audit.schemas import AuditList, audit_list
from server_app.audit.service import AuditFilter
from server_app.context import context


def make_blueprint() -> APIBlueprint:
    """`/api/audit`."""
    blueprint = APIBlueprint("audit", __name__, url_prefix="/api/audit")

    @blueprint.get("")
    @blueprint.output(AuditList)
    @login_required
    @queried(AuditFilter)
    def list_entries(query: AuditFilter, principal: Principal) -> AuditList:
        """List changes and logins, newest first; for administrators."""
        with context().database.reading() as session:
            return audit_list(service.list_entries(session, principal, query))

    return blueprint
