"""What one source has done: single contacts, each one source with one port, and perhaps a scan."""

from collections import deque
from dataclasses import dataclass, field

from honeypot_adapter.event import Contact, Observation
from recon.scan import Scan

_REMEMBERED_PORTS = 64


@dataclass(slots=True)
class PortContact:
    """A source's contact with one port (or its echo requests): one session.

    `held` are observations, by the source's port, that wait for `since` + hold time; None once the session is reported.
    `repeats` counts what is not worth an entry of its own. Times are monotonic.
    """

    contact: Contact
    since: float
    last: float
    told: float
    held: dict[int, Observation] | None = field(default_factory=dict)
    payloads: dict[int, bytes] = field(default_factory=dict)
    completed: set[int] = field(default_factory=set)
    source_ports: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_PORTS))
    repeats: int = 0


@dataclass(slots=True)
class Source:
    """One address. `recent` are the ports it has touched lately, with their times."""

    contacts: dict[tuple[str, int], PortContact] = field(default_factory=dict)
    recent: dict[tuple[str, int], float] = field(default_factory=dict)
    scan: Scan | None = None
