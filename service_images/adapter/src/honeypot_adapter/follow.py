"""The adapter of a honeypot that writes a log: follow it, bundle what it tells, hand the events over."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from honeypot_adapter.bundler import Bundler
from honeypot_adapter.event import Contact, Json, Observation, tell_omitted
from honeypot_adapter.hosting import STATE_PATH, frame
from honeypot_adapter.log import log
from honeypot_adapter.logfile import MAX_BACKLOG, LogFollower
from honeypot_adapter.outbox import Outbox

_READ_SECONDS = 0.1


class Mapped(NamedTuple):
    """What a line of the log means; `end` says that its session is over."""

    contact: Contact
    observations: tuple[Observation, ...]
    end: bool = False


type Mapping = Callable[[bytes, Callable[[str], Contact | None]], Mapped | None]
"""Turns a line into its meaning, given a way to ask for the ends of an open session; None when it means nothing."""


class Adapter:
    """Reads a log into the outbox."""

    def __init__(self, log_path: Path, mapping: Mapping, outbox: Outbox, max_backlog: int = MAX_BACKLOG) -> None:
        self._log_path = log_path
        self._mapping = mapping
        self._outbox = outbox
        self._bundler = Bundler()
        self._bundler.load(outbox.sessions())
        self._follower = LogFollower(log_path, outbox.place(log_path), max_backlog)

    def finish(self, now: float) -> None:
        """Take up what is left and end all sessions, because the honeypot has ended."""
        offset = -1
        while offset != self._follower.offset:
            offset = self._follower.offset
            self.step(now)
        with self._outbox.transaction():
            self._save(self._bundler.close_all())

    def step(self, now: float) -> bool:
        """Take up new lines and due bundles.

        Args:
            now: monotonic seconds.

        Returns:
            Whether there are new events.
        """
        before = self._follower.offset
        if self._outbox.full:
            self._follower.bound()  # the log goes on growing meanwhile
            if self._follower.offset != before:
                self._outbox.save_place(self._log_path, self._follower.offset)
                self._follower.release()
            return False
        lines = self._follower.read()
        events: list[Json] = []
        for line in lines:
            events += self._events(line.text, now)
        events += self._bundler.due(now)
        if events and (lost := self._follower.lost_lines):
            tell_omitted(events[0], f"{lost} lines of the log before this event, because the sensor took none")
            self._follower.lost_lines = 0
        if self._follower.offset != before or events:
            with self._outbox.transaction():
                self._save(events)
            self._follower.release()
        return bool(events)

    def _events(self, line: bytes, now: float) -> list[Json]:
        try:
            mapped = self._mapping(line, self._bundler.contact)
        except (ValueError, KeyError, TypeError) as error:
            log(f"a line of {self._log_path} is not understood and passed over: {error!r}")
            return []
        if mapped is None:
            return []
        return self._bundler.observe(mapped.contact, *mapped.observations, now=now, end=mapped.end)

    def _save(self, events: list[Json]) -> None:
        for event in events:
            self._outbox.put(event)
        for session in self._bundler.changed | self._bundler.ended:
            self._outbox.save_session(session, self._bundler.dump(session))
        self._bundler.forget_changes()
        self._outbox.save_place(self._log_path, self._follower.offset)


async def follow(log_path: Path, mapping: Mapping, state_path: Path = STATE_PATH) -> None:
    """Run the adapter until SIGTERM, then hand over what is left, for at most five seconds."""
    async with frame(state_path) as at:
        adapter = Adapter(log_path, mapping, at.outbox)
        while not at.stop.is_set():
            if adapter.step(time.monotonic()):
                at.delivery.wake()
            await at.pause(_READ_SECONDS)
        adapter.finish(time.monotonic())
        at.delivery.wake()
