"""What the worker does for the catalogue: check uploaded archives, push their images, remove images."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import structlog

from sensor_wire.honeypot.manifest import ServiceManifest
from server_app.db import Database, now
from server_app.errors import Refusal
from server_app.services import archive, service
from server_app.services.bounded_tar import Limits
from server_app.services.registry import Registry, RegistryError
from server_app.services.upload import PARTIAL
from server_app.task_queue import TaskQueue
from server_app.tasks import service as tasks
from server_app.tasks.models import Task

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

    def register(self, queue: TaskQueue) -> None:
        """Let the worker run them."""
        queue.handle(ADD, self.add)
        queue.handle(REMOVE_IMAGES, self.remove_images)

    def add(self, task_id: int) -> None:
        """Check an archive, push its image and add its rows; whatever fails leaves neither file nor image."""
        if tasks.start(self.database, task_id) is None:
            return
        file = uploaded_file(self.uploads, task_id)
        try:
            with TemporaryDirectory(prefix=UNPACK_PREFIX, dir=self.uploads) as folder:
                checked = archive.unpack(file, Path(folder), Limits(total=2 * self.max_upload_bytes))
                self._add(task_id, checked)
        except Refusal as refusal:
            LOG.warning("service_archive_refused", task=task_id, detail=refusal.detail)
            tasks.fail(self.database, task_id, refusal.detail)
        except RegistryError as error:
            LOG.error("service_image_not_pushed", task=task_id, detail=str(error))  # noqa: TRY400 - skopeo's words are all there is
            tasks.fail(self.database, task_id, f"The registry did not take the image: {error}. Upload it again.")
        except Exception:
            LOG.exception("task_failed", task=task_id)
            tasks.fail(self.database, task_id, "The server made a mistake; its log has the details.")
        finally:
            with suppress(FileNotFoundError):
                file.unlink()

    def remove_images(self, task_id: int) -> None:
        """Remove the images of a service that is no longer in the catalogue."""
        parameters = tasks.start(self.database, task_id)
        if parameters is None:
            return
        try:
            for digest in parameters["digests"]:
                self._remove_unused(parameters["repository"], digest)
        except RegistryError as error:
            LOG.error("service_image_not_removed", task=task_id, detail=str(error))  # noqa: TRY400 - skopeo's words are all there is
            tasks.fail(self.database, task_id, f"The registry did not remove an image: {error}.")
            return
        with self.database.writing() as session:
            tasks.succeed(session, task_id, {"removed": len(parameters["digests"])})

    def recover(self, queue: TaskQueue) -> None:
        """Before the worker's first task: what ran when it was stopped has failed, what waits is enqueued again."""
        waiting, interrupted = tasks.unfinished(self.database)
        for task in interrupted:
            self._clean_up(task)
            tasks.fail(self.database, task.id, tasks.INTERRUPTED)
            LOG.warning("task_interrupted", task=task.id, type=task.type)
        self._sweep({uploaded_file(self.uploads, task.id) for task in waiting})
        for task in waiting:
            queue.enqueue(task.type, task.id)

    def _add(self, task_id: int, checked: archive.CheckedArchive) -> None:
        manifest = checked.manifest
        with self.database.reading() as session:
            known = service.find_revision(session, manifest)
        if known is None or not self.registry.has(manifest.repository, manifest.digest):
            image = {"repository": manifest.repository, "digest": manifest.digest}
            tasks.note(self.database, task_id, 50, image=image)  # so that a stopped worker knows what to remove
            try:
                tag = f"{manifest.architecture}-{manifest.revision}"
                self.registry.push(checked.layout, manifest.repository, tag, manifest.digest)
                self._store(task_id, manifest)
            except BaseException:
                self._try_to_remove(manifest.repository, manifest.digest)
                raise
        else:
            self._store(task_id, manifest)
        LOG.info("service_added", task=task_id, service=manifest.name, revision=manifest.revision)

    def _store(self, task_id: int, manifest: ServiceManifest) -> None:
        with self.database.writing() as session:
            service.add_revision(session, manifest, now())
            result = {
                "service": manifest.name,
                "revision": manifest.revision,
                "architecture": manifest.architecture.value,
                "digest": manifest.digest,
            }
            tasks.succeed(session, task_id, result)

    def _clean_up(self, task: Task) -> None:
        image = task.parameters.get("image")
        if image is not None:
            self._try_to_remove(image["repository"], image["digest"])

    def _try_to_remove(self, repository: str, digest: str) -> None:
        try:
            self._remove_unused(repository, digest)
        except RegistryError as error:
            LOG.error("service_image_left_behind", repository=repository, digest=digest, detail=str(error))  # noqa: TRY400 - skopeo's words are all there is

    def _remove_unused(self, repository: str, digest: str) -> None:
        with self.database.reading() as session:
            used = service.is_used(session, repository, digest)
        if not used:
            self.registry.delete(repository, digest)

    def _sweep(self, wanted: set[Path]) -> None:
        if not self.uploads.exists():
            return
        for path in self.uploads.iterdir():
            if path.is_dir():
                rmtree(path)
            elif path.name.endswith(PARTIAL):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:  # a younger one may still be arriving
                    path.unlink()
            elif path not in wanted:
                path.unlink()


def uploaded_file(folder: Path, task_id: int) -> Path:
    """Where the archive of a task waits."""
    return folder / f"{task_id}.tar.gz"
