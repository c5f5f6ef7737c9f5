"""Sessions and their events: the first contact at once, what follows in bundles.

A bundle goes out when the session ends, when its oldest entry has waited 30 s, or at once when severity rises. Pure:
time is an argument, events come back as values.
"""

import json
from collections.abc import Iterator

from honeypot_adapter.event import Contact, Json, Observation
from honeypot_adapter.session import Session

INTERVAL = 30.0
"""Seconds that an observation waits at most."""

MAX_SESSIONS = 4096


class Bundler:
    """Open sessions by their id. `changed` and `ended` name what a caller that persists sessions has to write."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._sessions: dict[str, Session] = {}
        self.changed: set[str] = set()
        self.ended: set[str] = set()

    def contact(self, session: str) -> Contact | None:
        """Tell the ends of an open session."""
        known = self._sessions.get(session)
        return known.contact if known else None

    def observe(
        self, contact: Contact, *observations: Observation, now: float, flush: bool = False, end: bool = False
    ) -> list[Json]:
        """Add observations to their session, which opens with its first ones.

        Args:
            contact: the session's ends; only the first one counts.
            observations: what happened, in its order; what comes together stays together in one event.
            now: monotonic seconds.
            flush: do not wait for the bundle to fill.
            end: nothing more will happen in this session.

        Returns:
            The events that are due now.
        """
        events: list[Json] = []
        session = self._sessions.get(contact.session)
        if session is None:
            if len(self._sessions) >= MAX_SESSIONS:
                events += self.close(next(iter(self._sessions)))
            session = self._sessions[contact.session] = Session(contact)
        rises = [session.add(observation, now) for observation in observations]
        self.changed.add(contact.session)
        if any(rises) or flush or end:
            events.append(session.flush())
        if end:
            self._forget(contact.session)
        return events

    def due(self, now: float) -> list[Json]:
        """Give the bundles whose oldest entry has waited long enough."""
        events = []
        for key, session in self._sessions.items():
            if session.waiting_since is not None and now - session.waiting_since >= self._interval:
                events.append(session.flush())
                self.changed.add(key)
        return events

    def close(self, session: str) -> list[Json]:
        """End a session; what still waits becomes its last bundle."""
        known = self._sessions.get(session)
        if known is None:
            return []
        events = [known.flush()] if known.waiting_since is not None else []
        self._forget(session)
        return events

    def close_all(self) -> list[Json]:
        """End all sessions, because the adapter ends."""
        return [event for key in list(self._sessions) for event in self.close(key)]

    def forget_changes(self) -> None:
        """Begin `changed` and `ended` anew, because they have been written or are of no interest."""
        self.changed.clear()
        self.ended.clear()

    def dump(self, session: str) -> str | None:
        """Write an open session as text for `load`; None when it has ended."""
        known = self._sessions.get(session)
        return json.dumps(known.as_json()) if known else None

    def load(self, sessions: Iterator[str]) -> None:
        """Take up the sessions that a former process wrote by `dump`."""
        for text in sessions:
            session = Session.from_json(json.loads(text))
            self._sessions[session.contact.session] = session

    def _forget(self, session: str) -> None:
        del self._sessions[session]
        self.changed.discard(session)
        self.ended.add(session)
