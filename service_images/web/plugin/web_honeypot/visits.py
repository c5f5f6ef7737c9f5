"""Who visits: a source at one port, from its first connection until it is idle."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from honeypot_adapter.event import Contact, Observation

_FULL_ENTRIES, _FULL_PACKETS, _FULL_BYTES = 440, 48, 120_000
_ENTRY_BYTES = 96
_PAYLOAD_BYTES = 4096


class Ends(NamedTuple):
    """Who came to whom, in one connection; `tls` says by which of the two protocols that port speaks."""

    source: str
    source_port: int
    destination: str
    port: int
    tls: bool = False


class Moment(NamedTuple):
    """`monotonic` measures (seconds), `wall` is what events say (seconds since the epoch)."""

    monotonic: float
    wall: float


@dataclass
class Visit:
    """One source at one port."""

    contact: Contact
    since: float
    last: float
    window: float
    open: int = 0
    connections: int = 0
    requests: int = 0
    attempts: int = 0
    entered: int = 0
    entries: int = 0
    packets: int = 0
    size: int = 0
    notes: set[tuple[str, str]] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    counted: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, ends: Ends, at: Moment, what: str) -> Self:
        """Begin a visit."""
        session = f"{what}:{ends.source}:{ends.port}:{int(at.wall * 1000)}"
        contact = Contact(session, "tcp", ends.source, ends.source_port, ends.destination, ends.port)
        return cls(contact, at.monotonic, at.monotonic, at.monotonic)

    def add(self, observations: list[Observation]) -> bool:
        """Note entries of its next bundle; says whether that is full and has to go out."""
        self.entered += len(observations)
        self.entries += len(observations)
        payloads = [each.payload.data for each in observations if each.payload is not None]
        self.packets += len(payloads)
        self.size += sum(_ENTRY_BYTES + 2 * len(each.data) for each in observations)
        self.size += sum(_ENTRY_BYTES + len(data[:_PAYLOAD_BYTES]) * 4 // 3 for data in payloads)
        return self.entries >= _FULL_ENTRIES or self.packets >= _FULL_PACKETS or self.size >= _FULL_BYTES

    def emptied(self) -> None:
        """Note that its bundle has gone out."""
        self.entries = self.packets = self.size = 0
