from pathlib import Path

from apiflask import APIBlueprint
from flask import Response

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.api_base.described import refuses
from server_app.context import context
from server_app.db import now
from server_app.pki import jobs, own_upload, queries, service
from server_app.pki.queries import Wanted
from server_app.pki.schemas import (
    CertificateDetails,
    CertificateFilter,
    CertificateItem,
    CertificateList,
    OwnCertificate,
    Revocation,
    Revoked,
    SensorRevocation,
    certificate_details,
    certificate_item,
)
from server_app.tasks import service as tasks
from server_app.tasks.schemas import TaskAccepted


def make_blueprint() -> APIBlueprint:
    """`/api/certs`: certificates of sensors, of the server and of its authorities."""
    blueprint = APIBlueprint("certs", __name__, url_prefix="/api/certs")
    for add in (_add_lists, _add_revocation, _add_authority, _add_server, _add_files):
        add(blueprint)
    return blueprint


def _add_lists(blueprint: APIBlueprint) -> None:
    @blueprint.get("")
    @blueprint.output(CertificateList)
    @login_required
    @queried(CertificateFilter)
    def list_certificates(query: CertificateFilter, principal: Principal) -> CertificateList:
        """List authorities, the server's certificates and those of the sensors the user sees, newest first."""
        moment = now()
        wanted = Wanted(query.kind, query.sensor, query.state)
        with context().database.reading() as session:
            page = queries.list_certificates(session, principal, wanted, query, moment)
            return CertificateList(items=[certificate_item(row, moment) for row in page.items], next=page.next)

    @blueprint.get("/<int:certificate_id>")
    @blueprint.output(CertificateDetails)
    @login_required
    def get_certificate(certificate_id: int, principal: Principal) -> CertificateDetails:
        """One certificate with its PEM."""
        with context().database.reading() as session:
            return certificate_details(queries.get_certificate(session, principal, certificate_id), now())


def _add_revocation(blueprint: APIBlueprint) -> None:
    @blueprint.post("/<int:certificate_id>/revoke")
    @blueprint.output(CertificateItem)
    @login_required
    @queried(Revocation)
    def revoke(certificate_id: int, query: Revocation, principal: Principal) -> CertificateItem:
        """Refuse a sensor's certificate from its next request on."""
        with context().database.writing() as session:
            item = certificate_item(service.revoke(session, principal, certificate_id, query.reason, now()), now())
        _leave_to_worker()
        return item

    @blueprint.post("/revoke")
    @blueprint.output(Revoked)
    @login_required
    @queried(SensorRevocation)
    @refuses(404)
    def revoke_all(query: SensorRevocation, principal: Principal) -> Revoked:
        """Refuse all certificates of a sensor from its next request on."""
        with context().database.writing() as session:
            rows = service.revoke_all(session, principal, query.sensor, query.reason, now())
            answer = Revoked(items=[certificate_item(row, now()) for row in rows])
        _leave_to_worker()
        return answer


def _add_authority(blueprint: APIBlueprint) -> None:
    @blueprint.post("/authority")
    @blueprint.output(TaskAccepted, status_code=202)
    @login_required
    def change_authority(principal: Principal) -> TaskAccepted:
        """Change the authority: the sensors are told of the next one, and when they know it, it is used."""
        principal.require_admin()
        with context().database.writing() as session:
            task = tasks.create(session, jobs.CHANGE_AUTHORITY, {}, principal.user_id).id
        context().queue.enqueue(jobs.CHANGE_AUTHORITY, task, urgent=True)
        return TaskAccepted(task=task)

    @blueprint.post("/authority/<int:authority_id>/end")
    @blueprint.output(CertificateItem)
    @login_required
    def end_authority(authority_id: int, principal: Principal) -> CertificateItem:
        """Trust an authority no more that retires or is not used yet; its sensors come back by their old keys."""
        with context().database.writing() as session:
            item = certificate_item(service.end_authority(session, principal, authority_id, now()), now())
        _leave_to_worker()
        return item


def _add_server(blueprint: APIBlueprint) -> None:
    @blueprint.put("/server")
    @blueprint.output(CertificateItem)
    @login_required
    @receives(OwnCertificate, own_upload.LIMIT)
    @refuses(503)
    def use_own(body: OwnCertificate, principal: Principal) -> CertificateItem:
        """Bring an own certificate for the server; it is used when the sensors know its authority."""
        principal.require_admin()
        number = own_upload.handed_over(context(), body, principal.user_id, now())
        with context().database.reading() as session:
            return certificate_item(queries.get_certificate(session, principal, number), now())

    @blueprint.delete("/server")
    @blueprint.output({}, status_code=204)
    @login_required
    def use_internal(principal: Principal) -> Response:
        """Go back to a certificate of the internal authority."""
        with context().database.writing() as session:
            service.use_internal_server_certificate(session, principal, now())
        _leave_to_worker()
        return Response(status=204)


def _add_files(blueprint: APIBlueprint) -> None:
    @blueprint.get("/authorities")
    @blueprint.output({}, content_type="application/x-pem-file")
    def authorities() -> Response:
        """Whom sensors and other clients have to trust, as PEM; needs no login."""
        return _pem(context().settings.trust)

    @blueprint.get("/crl")
    @blueprint.output({}, content_type="application/x-pem-file")
    def revocation_lists() -> Response:
        """The lists of revoked certificates, one for each authority, as PEM; needs no login."""
        return _pem(context().settings.revocation_lists)


def _pem(path: Path) -> Response:
    return Response(path.read_bytes(), mimetype="application/x-pem-file")


def _leave_to_worker() -> None:
    context().queue.enqueue(jobs.UPKEEP, urgent=True)
