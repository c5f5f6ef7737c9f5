"""What the worker does with certificates: it alone has the keys of the authorities."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select

from server_app.audit import actor
from server_app.db import Database, now
from server_app.errors import Refusal
from server_app.pki import jobs
from server_app.pki.models import Certificate
from server_app.pki.states import CertificateState, is_in
from server_app.pki.upkeep import Upkeep
from server_app.task_queue import TaskQueue
from server_app.tasks.asker import asker
from server_app.tasks.kinds import Job, TaskKind
from server_app.tasks.runner import Runner

LOG = structlog.get_logger(__name__)
FORGOTTEN = timedelta(hours=1)


class CertificateTasks:
    """The worker's tasks and jobs."""

    def __init__(self, database: Database, upkeep: Upkeep, data_dir: Path) -> None:
        self._database = database
        self._upkeep = upkeep
        self._data_dir = data_dir

    def register(self, queue: TaskQueue, runner: Runner) -> None:
        """Let the worker do them."""
        queue.handle(jobs.UPKEEP, self.keep)
        runner.register(TaskKind(jobs.CHANGE_AUTHORITY, self.change_authority))
        queue.handle(jobs.INSTALL, self.install)
        queue.handle_each_minute(f"{jobs.UPKEEP}-each-minute", self.keep)
        queue.handle_daily("warn-of-expiring-certificates", self.warn)

    def keep(self) -> None:
        """Do what is due."""
        self._upkeep.run(now())
        self._forget_incoming(now())

    def change_authority(self, job: Job) -> None:
        """Make the next authority, as a task that people see."""
        self._upkeep.change_authority(now(), lambda session, number: job.succeed(session, {"certificate": number}))

    def install(self, name: str, user_id: int | None = None) -> dict[str, Any]:
        """Take an own server certificate over from a file of the web process, for a user.

        Returns:
            `certificate`, the number of its row, or `refused`, the reason.
        """
        if not name.isalnum():
            return {"refused": "not the name of an upload"}
        file = self._data_dir / f"{jobs.INCOMING}{name}"
        given = json.loads(file.read_bytes())
        with self._database.reading() as session:
            by = asker(session, user_id)
        try:
            with actor.acting(by):
                return {"certificate": self._upkeep.install(given["key"], given["chain"], given["authority"], now())}
        except Refusal as refusal:
            return {"refused": refusal.detail}
        finally:
            file.unlink(missing_ok=True)

    def warn(self) -> None:
        """Say in the log which certificates should have been followed by others."""
        with self._database.reading() as session:
            for row in session.scalars(select(Certificate).where(is_in(CertificateState.EXPIRING, now()))):
                LOG.warning(
                    "certificate_ends_soon", certificate=row.id, kind=row.kind, not_after=row.not_after.isoformat()
                )

    def _forget_incoming(self, moment: datetime) -> None:
        for file in self._data_dir.glob(f"{jobs.INCOMING}*"):
            if file.stat().st_mtime < (moment - FORGOTTEN).timestamp():
                file.unlink(missing_ok=True)
