"""What the worker does for sensors by itself."""

import structlog

from server_app.db import Database, now
from server_app.sensors import history, timeouts
from server_app.task_queue import TaskQueue

LOG = structlog.get_logger(__name__)


def register(queue: TaskQueue, database: Database) -> None:
    """Notice timeouts each minute, and remove old history each day."""
    queue.handle_each_minute("notice-timeouts", lambda: _notice_timeouts(database))
    queue.handle_daily("remove-old-status-changes", lambda: _remove_old(database))


def _notice_timeouts(database: Database) -> None:
    noticed = timeouts.notice(database, now())
    if noticed:
        LOG.warning("sensors_timed_out", sensors=noticed)


def _remove_old(database: Database) -> None:
    LOG.info("old_status_changes_removed", count=history.remove_old(database, now()))
