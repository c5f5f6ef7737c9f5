"""What one source has done: single contacts, each one source with one port, and perhaps a scan."""

from dataclasses import dataclass, field
from itertools import islice

from honeypot_adapter.event import Contact, Observation
from recon.moment import Moment
from recon.scan import Scan

_LATELY = 10.0
"""Seconds."""
_LOOKED_AT = 10
_FULL_ENTRIES, _FULL_BYTES = 256, 96_000
_ENTRY_BYTES = 192
_MAX_HALVES = 4096
"""As many connections may wait to be accepted while their SYNs have been seen."""


@dataclass(slots=True)
class PortContact:
    """A source's contact with one port (or its echo requests): one session.

    `held` are observations, by the source's port, that wait for `since` + hold time; None once the session is reported.
    `repeats` counts what is not worth an entry of its own, `left_out` payloads without one. `entered` entries of about
    `size` bytes wait for their bundle. `halves` are the connections, by the source's port, of which only the SYN was
    seen (False) or only that they were accepted (True). Times are monotonic.
    """

    contact: Contact
    since: float
    last: float
    told: float
    held: dict[int, Observation] | None = field(default_factory=dict)
    payloads: dict[int, bytes] = field(default_factory=dict)
    completed: set[int] = field(default_factory=set)
    halves: dict[int, bool] = field(default_factory=dict)
    touched: bool = False
    repeats: int = 0
    left_out: int = 0
    entered: int = 0
    size: int = 0

    @property
    def full(self) -> bool:
        """Whether its bundle should have no more entries, so that it has room for what counts the others."""
        return self.entered >= _FULL_ENTRIES or self.size >= _FULL_BYTES

    def enter(self, observation: Observation) -> None:
        """Note an entry of its bundle."""
        self.entered += 1
        self.size += _ENTRY_BYTES + 2 * len(observation.data)
        self.size += len(observation.payload.data) * 4 // 3 if observation.payload else 0

    def emptied(self) -> None:
        """Note that its bundle has gone out."""
        self.entered = self.size = 0

    def is_new(self, source_port: int, *, accepted: bool) -> bool:
        """Say whether a connection is a new one, by its SYN or when it is accepted; either may come first, or alone.

        A second SYN from the same port is the first one once more, unless a connection was accepted in between.
        """
        other = self.halves.get(source_port)
        if other is None or (accepted and other):
            if len(self.halves) >= _MAX_HALVES:
                del self.halves[next(iter(self.halves))]
            self.halves[source_port] = accepted
            return True
        if other is not accepted:
            del self.halves[source_port]
        return False


@dataclass(slots=True)
class Source:
    """One address. `recent` are the ports it has touched lately, with their times."""

    contacts: dict[tuple[str, int], PortContact] = field(default_factory=dict)
    recent: dict[tuple[str, int], float] = field(default_factory=dict)
    scan: Scan | None = None

    def touch(self, key: tuple[str, int], at: Moment) -> int:
        """Note a port; returns how many it has touched lately."""
        self.forget_old(at)
        self.recent[key] = at.monotonic
        return len(self.recent)

    def forget_old(self, at: Moment) -> None:
        """Drop ports that were touched too long ago."""
        # Oldest first: a port touched again keeps its place, which only makes it forgotten earlier.
        oldest = islice(self.recent.items(), _LOOKED_AT)
        for key in [key for key, time in oldest if at.monotonic - time >= _LATELY]:
            del self.recent[key]
