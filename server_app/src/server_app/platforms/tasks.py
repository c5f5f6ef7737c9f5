"""What the worker does for platforms: check firmware archives and give them their place."""

from dataclasses import dataclass
from typing import Any

import structlog

from server_app.archives.bounded_tar import Limits
from server_app.db import Database, now
from server_app.platforms import archive, service
from server_app.platforms.service import Stored
from server_app.platforms.store import FirmwareStore
from server_app.tasks.kinds import Job, TaskKind
from server_app.tasks.runner import Runner
from server_app.uploads import files
from server_app.uploads.purposes import Purpose
from server_app.uploads.tasks import UploadedFiles

ADD = Purpose.FIRMWARE.task
UNPACKED = 8
"""What an image may be, in sizes of the largest archive."""
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FirmwareTasks:
    """The tasks with what they need."""

    database: Database
    store: FirmwareStore
    uploads: UploadedFiles
    max_upload_bytes: int

    def register(self, runner: Runner) -> None:
        """Let the worker run them."""
        runner.register(TaskKind(ADD, self.add, self.clean_up))

    def add(self, job: Job) -> None:
        """Check an archive, give it its place and add its row."""
        file = self.uploads.of(job)
        bounds = Limits(UNPACKED * self.max_upload_bytes, archive.RATIO)
        manifest = archive.check(file, bounds, job.follow(10, 70))
        stored = Stored(files.hash_of(file, job.follow(70, 90)), file.stat().st_size)
        with self.store.locked():
            with self.database.reading() as session:
                service.find_firmware(session, manifest, stored.sha256)
            job.note(90, archive=stored.sha256)  # so that a stopped worker knows what to remove
            self.store.add(file, stored.sha256)
            with self.database.writing() as session:
                service.add_firmware(session, manifest, stored, now())
                about = {"platform": manifest.platform.value, "revision": manifest.version, "sha256": stored.sha256}
                job.succeed(session, about)
        LOG.info("firmware_added", task=job.id, **about)

    def clean_up(self, _task_id: int, parameters: dict[str, Any]) -> None:
        """Remove the uploaded file, and the archive unless a firmware has it."""
        self.uploads.discard(parameters)
        sha256 = parameters.get("archive")
        if sha256 is None:
            return
        with self.store.locked(), self.database.reading() as session:
            if not service.is_stored(session, sha256):
                self.store.remove(sha256)

    def sweep(self) -> None:
        """Before the worker's first task: remove archives whose rows went just before a crash."""
        with self.database.reading() as session:
            wanted = {row.sha256 for row in service.list_firmware(session)}
        self.store.sweep(wanted)
