"""Delivers what waits, in order and at least once, for as long as the worker runs."""

from pathlib import Path

from server_app.db import Database
from server_app.events.settled import newest, settled
from server_app.forwarding import outbox
from server_app.forwarding.link import Link, Undeliverable
from server_app.forwarding.message import Sender, message_of
from server_app.forwarding.models import ForwardingPosition
from server_app.forwarding.preferences import ForwardingSection
from server_app.forwarding.turn import Turn
from server_app.forwarding.walk import Walk
from server_app.preferences import service as preferences
from server_app.thread_loop import ThreadLoop

PAUSE = 1.0


class Forwarder:
    """A thread of the worker. It never touches what ingestion waits for but for its own position, once a second.

    Args:
        database: where events are.
        data_dir: for the lock of SQLite's.
        host: the server's name, as receivers see it.
    """

    def __init__(self, database: Database, data_dir: Path, host: str) -> None:
        self._database = database
        self._turn = Turn(database, data_dir)
        self._host = host
        self._link: Link | None = None
        self._loop = ThreadLoop("forwarding", self.deliver, PAUSE, at_end=self.leave)
        self.start, self.stop = self._loop.start, self._loop.stop

    def deliver(self) -> bool:
        """Deliver what waits now, if it is this worker's turn; whether nothing failed, which people can see."""
        section, start, waits = self._look()
        if waits and not self._turn.held:
            if not self._turn.taken():
                return True
            section, start, waits = self._look()  # from here on nobody else moves it
        if start is None:
            self.leave()
            return True
        walk = Walk(self._database, start)
        try:
            self._notice_end(section)
            if waits and self._turn.taken():
                self._deliver_waiting(section, walk)
        except Undeliverable as failure:
            walk.go_back(self._link.doubtful_from(walk.place) if self._link else walk.place)
            walk.fail(str(failure))
            self._drop()
            return False
        walk.save()
        return True

    def leave(self) -> None:
        """Say good-bye to the receiver, and let another worker deliver."""
        self._hang_up()
        self._turn.leave()

    def _look(self) -> tuple[ForwardingSection, ForwardingPosition | None, bool]:
        """The settings, how far it is, and whether there are events after that."""
        with self._database.reading() as session:
            start = outbox.position(session)
            waits = start is not None and newest(session) > start.position
            return preferences.load(session, ForwardingSection), start, waits

    def _deliver_waiting(self, section: ForwardingSection, walk: Walk) -> None:
        with self._database.reading() as session:
            complete = settled(session)
        while complete is not None and walk.place < complete and not self._loop.ending:
            self._deliver_piece(section, walk, complete)
            walk.save_sometimes()

    def _deliver_piece(self, section: ForwardingSection, walk: Walk, complete: int) -> None:
        with self._database.reading() as session:
            piece = outbox.read(session, section, walk.place, complete)
        if piece.events:
            if self._link is None:
                self._link = Link(section)
            sender = Sender(self._host, section.facility)
            self._link.send(b"".join(message_of(event, sender) for event in piece.events), walk.place)
        walk.go(piece.last, len(piece.events))

    def _notice_end(self, section: ForwardingSection) -> None:
        """Hang up when the receiver has, or when another one is meant."""
        if self._link is not None and (self._link.section != section or self._link.ended()):
            self._hang_up()

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _drop(self) -> None:
        if self._link is not None:
            self._link.drop()
            self._link = None
