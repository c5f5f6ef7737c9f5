"""Last contacts of unchanged sensors, written together: one commit for all polls of a moment instead of one each."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Timer

import structlog
from sqlalchemy import bindparam, update
from sqlalchemy.exc import SQLAlchemyError

from server_app.db import Database
from server_app.sensors.models import SensorStatus

DELAY = 5.0
"""Seconds that a contact waits at most; far less than the grace before a sensor counts as timed out."""
LOG = structlog.get_logger(__name__)

_UPDATE = (
    update(SensorStatus)
    .where(SensorStatus.sensor_id == bindparam("sensor"), SensorStatus.last_contact_at < bindparam("at"))
    .values(last_contact_at=bindparam("at"), due_at=bindparam("due"))
)


@dataclass(frozen=True)
class Contact:
    """A poll that changed nothing, and when the next one is overdue."""

    sensor_id: int
    at: datetime
    due: datetime


class ContactBook:
    """The contacts of this process that are not written yet; a crash loses those of the last `delay` seconds."""

    def __init__(self, database: Database, delay: float = DELAY) -> None:
        """Make an empty one.

        Args:
            database: where contacts go.
            delay: seconds to wait for more of them; 0 writes each at once.
        """
        self.delay = delay
        self._database = database
        self._lock = Lock()
        self._waiting: dict[int, Contact] = {}

    def note(self, contact: Contact) -> None:
        """Have a contact written soon."""
        with self._lock:
            first = not self._waiting
            self._waiting[contact.sensor_id] = contact
        if self.delay <= 0:
            self.flush()
        elif first:
            self._later()

    def _later(self) -> None:
        Timer(self.delay, self.flush).start()

    def flush(self) -> None:
        """Write what waits. Contacts are not worth failing for: the next poll brings another one."""
        with self._lock:
            contacts, self._waiting = self._waiting, {}
        rows = [
            {"sensor": contact.sensor_id, "at": contact.at, "due": contact.due}
            for _, contact in sorted(contacts.items())  # in one order, so that two processes never block each other
        ]
        try:
            with self._database.writing() as session:
                session.connection().execute(_UPDATE, rows)
        except SQLAlchemyError as error:
            LOG.warning("contacts_not_written", count=len(rows), reason=type(error).__name__)
