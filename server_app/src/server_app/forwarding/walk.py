"""The way of a forwarder through the events."""

import time

import structlog
from sqlalchemy import update

from server_app.db import Database, now
from server_app.forwarding import positions
from server_app.forwarding.models import ForwardingPosition

SAVE_SECONDS = 1.0
LOG = structlog.get_logger(__name__)


class Walk:
    """The way through the events, and how much of it is written down."""

    def __init__(self, database: Database, start: ForwardingPosition) -> None:
        self._database = database
        self._saved = start.position
        self._saved_at = time.monotonic()
        self._failure = start.failure
        self._delivered = 0
        self.place = start.position

    def go(self, place: int, delivered: int) -> None:
        """Events up to there have been delivered."""
        self.place = place
        self._delivered += delivered

    def go_back(self, place: int) -> None:
        """Events after that have to be delivered again."""
        self.place = place

    def save_sometimes(self) -> None:
        """Write the place down, unless that was done just now."""
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Write down that all is well up to here."""
        if self._failure is not None and self._delivered:
            LOG.info("events_forwarded_again")
        if self._delivered:
            self._failure = None
            self._write(delivered_at=now(), failing_since=None, failure=None)
        elif self.place != self._saved:
            self._write()

    def fail(self, failure: str) -> None:
        """Write down how far it went, and why not further."""
        if self._failure is None:
            self._write(failing_since=now(), failure=failure)
        elif failure != self._failure or self.place != self._saved:
            self._write(failure=failure)
        if failure != self._failure:
            LOG.warning("events_not_forwarded", reason=failure)

    def _write(self, **values: object) -> None:
        row = update(ForwardingPosition).where(ForwardingPosition.destination == positions.SYSLOG)
        row = row.where(ForwardingPosition.position == self._saved)  # else it was switched off and on meanwhile
        delivered = ForwardingPosition.delivered + self._delivered
        with self._database.writing() as session:
            session.execute(row.values(position=self.place, delivered=delivered, **values))
        self._saved, self._saved_at, self._delivered = self.place, time.monotonic(), 0
