from contextlib import suppress

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.exceptions import ClientDisconnected

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import receives
from server_app.api_base.described import answers_headers, refuses, takes_header, takes_raw
from server_app.context import context
from server_app.db import now
from server_app.errors import Conflict, FieldError, Invalid, TooLarge
from server_app.services.registry import Registry
from server_app.uploads import files, service
from server_app.uploads.models import Upload
from server_app.uploads.purposes import Purpose
from server_app.uploads.schemas import NewUpload, UploadItem, UploadList, upload_item
from server_app.uploads.service import Announced, Store

type Answer = tuple[UploadItem, int, dict[str, str]]
OFFSET = "Upload-Offset"
MAX_OFFSET = 10**16 - 1
"""More than a file has."""
tells_offset = answers_headers(Upload_Offset="how many bytes have arrived", Upload_Length="how many it has in all")
starts_at = takes_header(
    OFFSET,
    required=True,
    description="How many bytes have arrived, so that the body goes on from there.",
    schema={"type": "integer", "minimum": 0, "maximum": MAX_OFFSET},
    example=0,
)


def make_blueprint() -> APIBlueprint:
    """`/api/uploads`: archives in pieces, as in the core protocol of tus 1.0.

    `HEAD` or `GET` tells the offset, `PATCH` with `Upload-Offset` goes on from there, as often as it breaks off.
    With the last byte the task starts that checks the archive and works it in.
    """
    blueprint = APIBlueprint("uploads", __name__, url_prefix="/api/uploads")

    @blueprint.get("")
    @blueprint.output(UploadList)
    @login_required
    def list_uploads(principal: Principal) -> UploadList:
        """List uploads that are not older than a day, newest first."""
        with context().database.reading() as session:
            return UploadList(items=[_item(row) for row in service.list_uploads(session, principal)])

    @blueprint.post("")
    @blueprint.output(UploadItem, status_code=201)
    @login_required
    @receives(NewUpload)
    @refuses(503, 507)
    def create_upload(body: NewUpload, principal: Principal) -> Answer:
        """Announce an archive that will arrive in pieces; what could not be taken is refused here already."""
        principal.require_admin()
        settings = context().settings
        if body.purpose is Purpose.SERVICE:
            Registry(settings.registry_url).require()
        announced = Announced(body.purpose, body.size, body.sha256)
        store = Store(settings.uploads_dir, settings.max_upload_bytes)
        with context().database.writing() as session:
            item = _item(service.create(session, principal, announced, store, now()))
        return item, 201, {"Location": f"/api/uploads/{item.id}"}

    @blueprint.get("/<int:upload_id>")
    @blueprint.output(UploadItem)
    @login_required
    @tells_offset
    def get_upload(upload_id: int, principal: Principal) -> Answer:
        """How much of an upload has arrived; also as `Upload-Offset`, which HEAD shows."""
        with context().database.reading() as session:
            return _with_offset(_item(service.get_upload(session, principal, upload_id)))

    @blueprint.patch("/<int:upload_id>")
    @blueprint.output(UploadItem)
    @login_required
    @takes_raw("application/offset+octet-stream")
    @starts_at
    @tells_offset
    @refuses(507)
    def append(upload_id: int, principal: Principal) -> Answer:
        """Add the body to an upload, from the byte that the header `Upload-Offset` names."""
        offset = _offset()
        with context().database.writing() as session:
            upload = service.growing(session, principal, upload_id, now())
        with files.appending(context().settings.uploads_dir, upload.file) as file:
            if file.size != offset:
                raise Conflict(f"{file.size} bytes have arrived. Go on from there.", (_wrong(f"not {file.size}"),))
            _append(file, upload.size)
            if file.size < upload.size:
                return _with_offset(upload_item(upload, file.size))
            with context().database.writing() as session:
                upload = service.complete(session, principal, upload_id, now())
        context().queue.enqueue(upload.purpose.task, upload.task_id)
        return _with_offset(_item(upload))

    @blueprint.delete("/<int:upload_id>")
    @blueprint.output({}, status_code=204)
    @login_required
    def remove_upload(upload_id: int, principal: Principal) -> Response:
        """Remove an upload that is not complete, with what has arrived of it."""
        with context().database.writing() as session:
            name = service.remove(session, principal, upload_id)
        files.path_of(context().settings.uploads_dir, name).unlink(missing_ok=True)
        return Response(status=204)

    return blueprint


def _append(file: files.GrowingFile, size: int) -> None:
    reason = FieldError("", f"the whole has {size} bytes")
    too_large = TooLarge(f"This is more than the {size} bytes that were announced.", (reason,))
    if (request.content_length or 0) > size - file.size:
        raise too_large
    request.max_content_length = None  # append() counts
    with suppress(ClientDisconnected):  # what has arrived stays; nobody is there to be told
        file.append(request.stream, size)


def _offset() -> int:
    text = request.headers.get(OFFSET, "")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_OFFSET))):
        raise Invalid(f"The header {OFFSET} must say from which byte the body goes on.", (_wrong("not a number"),))
    return int(text)


def _wrong(reason: str) -> FieldError:
    return FieldError("", f"{OFFSET}: {reason}")


def _item(upload: Upload) -> UploadItem:
    return upload_item(upload, files.size_of(context().settings.uploads_dir, upload.file))


def _with_offset(item: UploadItem) -> Answer:
    headers = {OFFSET: str(item.offset), "Upload-Length": str(item.size), "Cache-Control": "no-store"}
    return item, 200, headers
