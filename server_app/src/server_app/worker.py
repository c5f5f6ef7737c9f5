"""The worker: runs tasks, and alone holds the keys of the certificate authorities."""

from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from server_app.at_rest.keys import SecretKeys
from server_app.audit import recording
from server_app.audit import service as audit
from server_app.audit.preferences import AuditSection
from server_app.counting import service as counting
from server_app.counting.keeper import Keeper
from server_app.db import Database, now
from server_app.directory import leavers
from server_app.enrolment.tasks import EnrolmentTasks
from server_app.events.tasks import EventTasks
from server_app.forwarding import tasks as forwarding
from server_app.forwarding.forwarder import Forwarder
from server_app.pki.tasks import CertificateTasks
from server_app.pki.upkeep import Upkeep
from server_app.platforms.store import FirmwareStore
from server_app.platforms.tasks import FirmwareTasks
from server_app.preferences import service as preferences
from server_app.sensors import tasks as sensors
from server_app.services.registry import Registry
from server_app.services.tasks import ServiceTasks
from server_app.settings import Settings
from server_app.task_queue import TaskQueue
from server_app.tasks.runner import Runner
from server_app.uploads.tasks import UploadedFiles

THREADS = 4
LOG = structlog.get_logger(__name__)


def prepare(settings: Settings, queue: TaskQueue) -> None:
    """Register all tasks, and clean up after a worker that was stopped in the middle of one.

    Raises:
        RuntimeError: `server-app init` has not run.
    """
    recording.listen()
    database = Database(settings.database, SecretKeys(settings.secret_keys))
    upkeep = Upkeep(settings, database)
    upkeep.run(now())
    runner = Runner(database, queue)
    uploads = UploadedFiles(database, settings.uploads_dir)
    services = ServiceTasks(database, Registry(settings.registry_url), uploads, settings.max_upload_bytes)
    firmware = FirmwareTasks(database, FirmwareStore(settings.firmware_dir), uploads, settings.max_upload_bytes)
    settings.uploads_dir.mkdir(mode=0o700, exist_ok=True)
    services.register(runner)
    EventTasks(database).register(runner, queue)
    firmware.register(runner)
    EnrolmentTasks(database, upkeep).register(queue)
    CertificateTasks(database, upkeep, settings.data_dir).register(queue, runner)
    forwarding.register(queue, database, host_of(settings))
    queue.handle_daily("remove-old-audit-entries", lambda: remove_old_audit_entries(database))
    queue.handle_each_ten_minutes("look-who-left-the-directory", lambda: leavers.look(database, now()))
    queue.handle_daily("remove-old-totals", lambda: counting.remove_old(database, now()))
    queue.handle_each_minute("enqueue-forgotten-tasks", runner.enqueue_forgotten)
    queue.handle_daily("drop-old-tasks", runner.drop_old)
    queue.handle_each_minute("sweep-uploads", uploads.sweep)
    queue.handle_each_ten_minutes("look-for-images", services.look_for_images)
    queue.handle_each_ten_minutes("sweep-images", services.sweep)
    uploads.remove_unpacked()
    sensors.register(queue, database)
    runner.recover()
    uploads.sweep()
    firmware.sweep()


def run(settings: Settings) -> None:
    """Run tasks until the process is told to end."""
    queue = TaskQueue(settings.data_dir)
    prepare(settings, queue)
    keys = SecretKeys(settings.secret_keys)
    forwarder = Forwarder(Database(settings.database, keys), settings.data_dir, host_of(settings))
    keeper = Keeper(Database(settings.database))
    forwarder.start()
    keeper.start()
    try:
        queue.work(THREADS)
    finally:
        keeper.stop()
        forwarder.stop()


def host_of(settings: Settings) -> str:
    """The server's name, as others see it."""
    return urlsplit(settings.public_url).hostname or "localhost"


def remove_old_audit_entries(database: Database) -> None:
    """Remove entries of the audit log that are kept no longer."""
    with database.reading() as session:
        keep = timedelta(days=preferences.load(session, AuditSection).keep_days)
    removed = audit.remove_old(database, now() - keep)
    LOG.info("old_audit_entries_removed", count=removed)
