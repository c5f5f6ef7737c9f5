"""What the worker does for the catalogue: check uploaded archives, push their images, remove images."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import structlog

from server_app.db import Database, now
from server_app.services import archive, service
from server_app.services.bounded_tar import Limits
from server_app.services.registry import Registry, RegistryError
from server_app.services.upload import PARTIAL
from server_app.tasks import service as tasks
from server_app.tasks.kinds import Failed, Job, TaskKind
from server_app.tasks.runner import Runner

ADD = "add-service"
REMOVE_IMAGES = "remove-service-images"
UNPACK_PREFIX = "unpack-"
STALE_SECONDS = 3600
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ServiceTasks:
    """The tasks with what they need."""

    database: Database
    registry: Registry
    uploads: Path
    max_upload_bytes: int
    # From the look whether an image is used to the rows that use it, or to its removal, is one step.
    _one_at_a_time: Lock = field(default_factory=Lock)

    def register(self, runner: Runner) -> None:
        """Let the worker run them."""
        runner.register(TaskKind(ADD, self.add, self.clean_up_add))
        runner.register(TaskKind(REMOVE_IMAGES, self.remove_images, resumes=True))

    def add(self, job: Job) -> None:
        """Check an archive, push its image and add its rows."""
        with TemporaryDirectory(prefix=UNPACK_PREFIX, dir=self.uploads) as folder:
            bounds = Limits(total=2 * self.max_upload_bytes)
            checked = archive.unpack(uploaded_file(self.uploads, job.id), Path(folder), bounds, job.follow(0, 50))
            with self._one_at_a_time:
                try:
                    self._add(job, checked)
                except RegistryError as error:
                    raise Failed(f"The registry did not take the image: {error}. Upload it again.") from error

    def clean_up_add(self, task_id: int, parameters: dict[str, Any]) -> None:
        """Remove the uploaded file, and the image unless a revision has it."""
        uploaded_file(self.uploads, task_id).unlink(missing_ok=True)
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
        """Before the worker's first task: remove files that no waiting task will read."""
        waiting, _ = tasks.unfinished(self.database)
        wanted = {uploaded_file(self.uploads, task.id) for task in waiting}
        for path in self.uploads.iterdir():
            if path.is_dir():
                rmtree(path)
            elif path.name.endswith(PARTIAL):
                with suppress(FileNotFoundError):  # it may be arriving at this moment
                    if time.time() - path.stat().st_mtime > STALE_SECONDS:
                        path.unlink()
            elif path not in wanted:
                path.unlink()

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


def uploaded_file(folder: Path, task_id: int) -> Path:
    """Where the archive of a task waits."""
    return folder / f"{task_id}.tar.gz"
