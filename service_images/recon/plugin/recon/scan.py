"""One scan: a source that touches many ports, told as one session whose bundles list the ports."""

from honeypot_adapter.event import Contact, Observation, Payload, Severity
from honeypot_adapter.text import printable
from recon.moment import Moment
from recon.packets import Seen
from recon.portset import PortSet

_MAX_PAYLOADS = 32
_RANGES_PER_LINE = 320
"""A range has up to 12 characters with its comma, and a detail up to 4096."""
_MAX_TOTAL_LINES = 8


class Scan:
    """Ports touched in all and since the last bundle, and the first payloads since then."""

    def __init__(self, contact: Contact, at: Moment) -> None:
        self.contact = contact
        self.last = self.told = at.monotonic
        self._all: dict[str, PortSet] = {}
        self._new: dict[str, PortSet] = {}
        self._payloads: list[tuple[float, str, Payload]] = []
        self._left_out = self._repeats = 0

    @property
    def ports(self) -> int:
        """How many different ports have been touched."""
        return sum(map(len, self._all.values()))

    @property
    def grew(self) -> bool:
        """Whether there is something that no bundle has told yet."""
        return bool(self._new or self._payloads or self._repeats)

    def note(self, seen: Seen, at: Moment) -> None:
        """Note a contact, with what came."""
        self.touch(seen.protocol, seen.destination_port, at)
        if seen.payload:
            self.payload(seen.protocol, seen.destination_port, seen.payload, at)

    def touch(self, protocol: str, port: int, at: Moment, contacts: int = 1) -> None:
        """Note contacts with a port; those beyond its first one are counted."""
        self.last = at.monotonic
        known = self._all.setdefault(protocol, PortSet())
        before = len(known)
        known.add(port)
        if len(known) > before:
            self._new.setdefault(protocol, PortSet()).add(port)
            contacts -= 1
        self._repeats += max(contacts, 0)

    def payload(self, protocol: str, port: int, data: bytes, at: Moment) -> None:
        """Note what came with a contact."""
        self.last = at.monotonic
        if len(self._payloads) >= _MAX_PAYLOADS:
            self._left_out += 1
            return
        self._payloads.append((at.wall, f"{protocol} {port}: {printable(data)}", Payload(data, port, protocol)))

    def tell(self, at: Moment, *, end: bool = False) -> list[Observation]:
        """Give what is new as observations of one bundle; the last one lists all ports once more, if not too many."""
        total = _lines(self._all)
        summary = f"Scan of {self.ports} ports: {', '.join(total)}"
        texts = [("ports", line) for line in _lines(self._new)]
        if end and len(total) <= _MAX_TOTAL_LINES:
            texts += [("all_ports", line) for line in total]
        if self._repeats:
            texts.append(("repeated", f"{self._repeats} more contacts with ports touched before"))
        if self._left_out:
            texts.append(("omitted", f"{self._left_out} further payloads"))
        observations = [Observation(at.wall, "scan", Severity.MEDIUM, kind, text, summary) for kind, text in texts]
        for time, text, payload in self._payloads:
            observations.append(Observation(time, "scan", Severity.MEDIUM, "payload", text, summary, payload))
        self.told = at.monotonic
        self._new, self._payloads, self._left_out, self._repeats = {}, [], 0, 0
        return observations


def _lines(ports: dict[str, PortSet]) -> list[str]:
    """Write ports as lines like `tcp/22,80-90`, none longer than a detail may be."""
    lines: list[str] = []
    for protocol, numbers in sorted(ports.items()):
        parts = numbers.ranges()
        starts = range(0, len(parts), _RANGES_PER_LINE)
        lines += [f"{protocol}/{','.join(parts[start : start + _RANGES_PER_LINE])}" for start in starts]
    return lines
