from apiflask import APIBlueprint

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried
from server_app.context import context
from server_app.db import now
from server_app.pki import service
from server_app.pki.schemas import CertificateFilter, CertificateItem, CertificateList, certificate_item


def make_blueprint() -> APIBlueprint:
    """`/api/certs`."""
    blueprint = APIBlueprint("certs", __name__, url_prefix="/api/certs")

    @blueprint.get("")
    @blueprint.output(CertificateList)
    @login_required
    @queried(CertificateFilter)
    def list_certificates(query: CertificateFilter, principal: Principal) -> CertificateList:
        """List the certificates of the sensors the user sees, newest first."""
        with context().database.reading() as session:
            rows = service.list_certificates(session, principal, query.sensor)
            return CertificateList(items=[certificate_item(row) for row in rows])

    @blueprint.post("/<int:certificate_id>/revoke")
    @blueprint.output(CertificateItem)
    @login_required
    def revoke(certificate_id: int, principal: Principal) -> CertificateItem:
        """Refuse a certificate from the sensor's next request on."""
        with context().database.writing() as session:
            return certificate_item(service.revoke(session, principal, certificate_id, now()))

    return blueprint
