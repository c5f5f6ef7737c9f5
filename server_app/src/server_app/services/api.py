from apiflask import APIBlueprint
from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried, receives
from server_app.api_base.described import refuses, takes_raw
from server_app.api_base.idempotency import once
from server_app.assignments import service as assignments
from server_app.context import context
from server_app.errors import Conflict, FieldError, TooLarge
from server_app.services import service
from server_app.services.registry import Registry
from server_app.services.schemas import RegistryStatus, RevisionRemoval, ServiceChange, ServiceItem, ServiceList
from server_app.services.service import Images
from server_app.services.tasks import ADD, REMOVE_IMAGES
from server_app.tasks import service as tasks
from server_app.tasks.schemas import TaskAccepted
from server_app.uploads.files import hash_of, path_of, receive


def make_blueprint() -> APIBlueprint:
    """`/api/services`."""
    blueprint = APIBlueprint("services", __name__, url_prefix="/api/services")

    @blueprint.get("")
    @blueprint.output(ServiceList)
    @login_required
    def list_services(principal: Principal) -> ServiceList:  # noqa: ARG001 - the decorator's check is what is wanted
        """List the catalogue."""
        with context().database.reading() as session:
            return ServiceList(items=[ServiceItem.model_validate(row) for row in service.list_services(session)])

    @blueprint.post("")
    @blueprint.output(TaskAccepted, status_code=202)
    @login_required
    @takes_raw("application/gzip")
    @refuses(503, 507)
    def upload(principal: Principal) -> Response:
        """Upload a service archive as the raw body (application/gzip); the task says what became of it."""
        principal.require_admin()
        _registry().require()
        file = _received()
        path = path_of(context().settings.uploads_dir, file)
        return once(lambda: hash_of(path).encode(), lambda: _accepted(file, principal), otherwise=path.unlink)

    @blueprint.get("/registry")
    @blueprint.output(RegistryStatus)
    @login_required
    def registry_status(principal: Principal) -> RegistryStatus:  # noqa: ARG001 - the decorator's check is what is wanted
        """Whether the registry of the images answers, and which images it lacks."""
        with context().database.reading() as session:
            missing = service.missing_images(session)
        return RegistryStatus(available=_registry().available(), missing=missing)

    @blueprint.get("/<name>")
    @blueprint.output(ServiceItem)
    @login_required
    def get_service(name: str, principal: Principal) -> ServiceItem:  # noqa: ARG001 - the decorator's check is what is wanted
        """One service."""
        with context().database.reading() as session:
            return ServiceItem.model_validate(service.get_service(session, name))

    @blueprint.patch("/<name>")
    @blueprint.output(ServiceItem)
    @login_required
    @receives(ServiceChange)
    def set_default(name: str, body: ServiceChange, principal: Principal) -> ServiceItem:
        """Choose the revision that sensors run which have not pinned one."""
        principal.require_admin()
        with context().database.writing() as session:
            row = service.set_default(session, name, body.default_revision)
            assignments.refuse_conflicts_of(session, row)
            return ServiceItem.model_validate(row)

    @blueprint.delete("/<name>")
    @blueprint.output({}, status_code=204)
    @login_required
    @refuses(503)
    def delete_service(name: str, principal: Principal) -> Response:
        """Remove a service with its revisions; their images are removed by a task."""
        principal.require_admin()
        _registry().require()
        with context().database.writing() as session:
            row = service.get_service(session, name)
            users = assignments.sensors_running(session, row)
            if users:
                raise Conflict(f"Sensors run this service: {', '.join(users[:10])}. Take it away from them first.")
            task_id = _remove_images(session, service.remove_service(session, name), principal)
        context().queue.enqueue(REMOVE_IMAGES, task_id)
        return Response(status=204)

    @blueprint.delete("/<name>/revisions/<revision>")
    @blueprint.output({}, status_code=204)
    @login_required
    @refuses(503)
    @queried(RevisionRemoval)
    def delete_revision(name: str, revision: str, query: RevisionRemoval, principal: Principal) -> Response:
        """Remove a revision that is not the default, for all architectures; its images are removed by a task."""
        principal.require_admin()
        _registry().require()
        with context().database.writing() as session:
            row = service.get_service(session, name)
            assignments.unpin(session, row, revision, confirmed=query.force)
            images = service.remove_revision(session, row, revision)
            assignments.refuse_conflicts_of(session, row)
            task_id = _remove_images(session, images, principal)
        context().queue.enqueue(REMOVE_IMAGES, task_id)
        return Response(status=204)

    return blueprint


def _accepted(file: str, principal: Principal) -> Response:
    with context().database.writing() as session:  # if this fails, the worker's sweep removes the file
        task_id = tasks.create(session, ADD, {"file": file}, principal.user_id).id
    context().queue.enqueue(ADD, task_id)
    return Response(TaskAccepted(task=task_id).model_dump_json(), 202, mimetype="application/json")


def _remove_images(session: Session, images: Images, principal: Principal) -> int:
    parameters = {"repository": images.repository, "digests": list(images.digests)}
    return tasks.create(session, REMOVE_IMAGES, parameters, principal.user_id).id


def _registry() -> Registry:
    return Registry(context().settings.registry_url)


def _received() -> str:
    settings = context().settings
    request.max_content_length = settings.max_upload_bytes + 1  # receive() counts
    try:
        return receive(request.stream, settings.uploads_dir, settings.max_upload_bytes)
    except RequestEntityTooLarge as error:
        reason = FieldError("", f"longer than {settings.max_upload_bytes} bytes")
        raise TooLarge(f"The archive has more than {settings.max_upload_bytes} bytes.", (reason,)) from error
