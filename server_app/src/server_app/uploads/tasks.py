"""What the worker does for uploads: it gives their files to the tasks, and removes what nobody will read."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import structlog

from server_app.db import Database, now
from server_app.errors import Invalid
from server_app.tasks import service as tasks
from server_app.tasks.kinds import Failed, Job
from server_app.uploads import files, service

STALE_SECONDS = 3600
"""A file that no row names yet may still be arriving."""
UNPACK_PREFIX = "unpack-"
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class UploadedFiles:
    """The folder of uploads, for the worker."""

    database: Database
    folder: Path

    def of(self, job: Job) -> Path:
        """The file that a task is about, checked against the announced hash.

        Raises:
            Failed: it is not there.
            Invalid: it is another one than was announced.
        """
        try:
            path = files.path_of(self.folder, job.parameters.get("file"))
            announced = job.parameters.get("sha256")
            found = files.hash_of(path, job.follow(0, 10)) if announced else None
        except (FileNotFoundError, ValueError) as error:
            raise Failed("The uploaded file is gone. Upload it again.") from error
        if found != announced:
            raise Invalid("What has arrived is not the announced archive: its SHA-256 differs. Upload it again.")
        return path

    def discard(self, parameters: dict[str, Any]) -> None:
        """Remove the file of a task that has ended."""
        with suppress(ValueError):
            files.path_of(self.folder, parameters.get("file")).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Forget abandoned uploads, and remove files that neither an upload nor a task will need."""
        with self.database.writing() as session:
            service.remove_expired(session, now())
        old = [path for path in self.folder.iterdir() if path.is_file() and _is_stale(path)]
        with self.database.reading() as session:
            wanted: set[Any] = set(service.files_in_use(session))
        waiting, running = tasks.unfinished(self.database)  # after the uploads: a file goes from those to these
        wanted |= {task.parameters.get("file") for task in (*waiting, *running)}
        for path in old:
            if path.name not in wanted:
                path.unlink(missing_ok=True)
                LOG.info("abandoned_upload_removed", file=path.name)

    def remove_unpacked(self) -> None:
        """Before the worker's first task: remove what a killed worker was unpacking."""
        for path in self.folder.glob(f"{UNPACK_PREFIX}*"):
            rmtree(path)


def _is_stale(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    return False
