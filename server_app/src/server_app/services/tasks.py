"""What the worker does for the catalogue: check uploaded archives, push their images, remove images."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import structlog
from sqlalchemy.orm import Session

from server_app.archives.bounded_tar import Limits
from server_app.db import Database, now
from server_app.services import archive, service
from server_app.services.registry import Registry, RegistryError
from server_app.tasks import service as tasks
from server_app.tasks.kinds import Failed, Job, Remains, TaskKind
from server_app.tasks.models import TaskState
from server_app.tasks.runner import Runner
from server_app.uploads.purposes import Purpose
from server_app.uploads.tasks import UNPACK_PREFIX, UploadedFiles

ADD = Purpose.SERVICE.task
REMOVE_IMAGES = "remove-service-images"
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ServiceTasks:
    """The tasks with what they need."""

    database: Database
    registry: Registry
    uploads: UploadedFiles
    max_upload_bytes: int
    # From the look whether an image is used to the rows that use it, or to its removal, is one step.
    _one_at_a_time: Lock = field(default_factory=Lock)

    def register(self, runner: Runner) -> None:
        """Let the worker run them."""
        runner.register(TaskKind(ADD, self.add, self.clean_up_add))
        runner.register(TaskKind(REMOVE_IMAGES, self.remove_images, remains=_left_to_sweep, resumes=True))

    def add(self, job: Job) -> None:
        """Check an archive, push its image and add its rows."""
        with TemporaryDirectory(prefix=UNPACK_PREFIX, dir=self.uploads.folder) as folder:
            bounds = Limits(total=2 * self.max_upload_bytes)
            checked = archive.unpack(self.uploads.of(job), Path(folder), bounds, job.follow(10, 50))
            with self._one_at_a_time:
                try:
                    self._add(job, checked)
                except RegistryError as error:
                    raise Failed(f"The registry did not take the image: {error}. Upload it again.") from error

    def clean_up_add(self, _task_id: int, parameters: dict[str, Any]) -> None:
        """Remove the uploaded file, and the image unless a revision has it."""
        self.uploads.discard(parameters)
        image = parameters.get("image")
        if image is None:
            return
        with self._one_at_a_time:
            try:
                self._remove_unused(image["repository"], image["digest"])
            except RegistryError as error:
                LOG.error("service_image_left_behind", **image, detail=str(error))  # noqa: TRY400 - skopeo's words are all there is

    def remove_images(self, job: Job) -> None:
        """Remove images that are no longer in the catalogue; one that is gone already is as good."""
        digests = job.parameters["digests"]
        for number, digest in enumerate(digests):
            job.note(100 * number // len(digests))
            with self._one_at_a_time:
                try:
                    self._remove_unused(job.parameters["repository"], digest)
                except RegistryError as error:
                    raise Failed(f"The registry did not remove an image: {error}.") from error
        with self.database.writing() as session:
            job.succeed(session, {"removed": len(digests)})

    def sweep(self) -> None:
        """Now and then: remove images that failed and cancelled tasks have left, once the registry answers."""
        for task in tasks.ended_badly(self.database, ADD, REMOVE_IMAGES):
            if "swept" in task.parameters:
                continue
            for repository, digest in _images_of(task.parameters):
                with self._one_at_a_time:
                    try:
                        self._remove_unused(repository, digest)
                    except RegistryError as error:
                        LOG.warning("registry_does_not_answer", detail=str(error))
                        return
            with self.database.writing() as session:
                tasks.keep(session, task.id, swept=True)

    def look_for_images(self) -> None:
        """Now and then: note which images the registry lacks. While it does not answer, nothing is known."""
        with self.database.reading() as session:
            revisions = service.all_revisions(session)
        for row in revisions:
            try:
                missing = not self.registry.has(row.service.repository, row.digest)
            except RegistryError as error:
                LOG.warning("registry_does_not_answer", detail=str(error))
                return
            if missing != row.image_missing:
                about = {"service": row.service.name, "revision": row.revision, "architecture": row.architecture}
                LOG.warning("service_image_missing" if missing else "service_image_back", **about)
                with self.database.writing() as session:
                    service.note_image(session, row.id, missing=missing)

    def _add(self, job: Job, checked: archive.CheckedArchive) -> None:
        manifest = checked.manifest
        with self.database.reading() as session:
            known = service.find_revision(session, manifest)
        if known is None or not self.registry.has(manifest.repository, manifest.digest):
            image = {"repository": manifest.repository, "digest": manifest.digest}
            job.note(60, image=image)  # so that a stopped worker knows what to remove
            tag = f"{manifest.architecture}-{manifest.revision}"
            self.registry.push(checked.layout, manifest.repository, tag, manifest.digest)
            job.note(90)
        with self.database.writing() as session:
            service.add_revision(session, manifest, now())
            result = {
                "service": manifest.name,
                "revision": manifest.revision,
                "architecture": manifest.architecture.value,
                "digest": manifest.digest,
            }
            job.succeed(session, result)
        LOG.info("service_added", task=job.id, service=manifest.name, revision=manifest.revision)

    def _remove_unused(self, repository: str, digest: str) -> None:
        with self.database.reading() as session:
            used = service.is_used(session, repository, digest)
        if not used:
            self.registry.delete(repository, digest)


def _left_to_sweep(_session: Session, _task_id: int, _parameters: dict[str, Any], _state: TaskState) -> Remains:
    return Remains("Images that are left in the registry are removed later; nothing is to be done.")


def _images_of(parameters: dict[str, Any]) -> list[tuple[str, str]]:
    """Repositories and digests that a task of either kind was about."""
    if "image" in parameters:
        return [(parameters["image"]["repository"], parameters["image"]["digest"])]
    return [(parameters["repository"], digest) for digest in parameters.get("digests", ())]
