"""Who gets a session of his own, who becomes part of a crowd, and who finds no room. Pure: time is an argument."""

from collections import Counter
from ipaddress import ip_address, ip_network
from typing import NamedTuple

WINDOW = 60.0
PER_SOURCE = 100
"""Visits to one service that a source may make in a window as sessions of their own."""
OF_ALL = 1000
"""The same for all sources together: addresses of IPv6 and of datagrams cost an attacker nothing."""
MAX_OPEN = 400
MAX_OPEN_OF_SOURCE = 60
EVERYBODY = "*"


class Verdict(NamedTuple):
    """`crowd` names the crowd that the visit belongs to, None: it is on its own; `room`: it may stay."""

    crowd: str | None
    room: bool


class Admission:
    """Counts visits by windows of a minute, and those that are open."""

    def __init__(self, per_source: int = PER_SOURCE, of_all: int = OF_ALL, max_open: int | None = None) -> None:
        """Bound what is open by one number for a source and for all where it is given."""
        self._per_source = per_source
        self._of_all = of_all
        self._max_open = max_open or MAX_OPEN
        self._max_open_of_source = max_open or MAX_OPEN_OF_SOURCE
        self._window = 0.0
        self._visits: Counter[tuple[str, str]] = Counter()
        self._open: Counter[str] = Counter()

    def came(self, service: str, address: str, now: float) -> Verdict:
        """Count a visit; where there is room, `left` must follow some time."""
        if now - self._window >= WINDOW:
            self._window = now
            self._visits.clear()
        source = source_of(address)
        room = self._open.total() < self._max_open and self._open[source] < self._max_open_of_source
        if room:
            self._open[source] += 1
        if self._visits.total() >= self._of_all:
            return Verdict(source if self._visits[service, source] >= self._per_source else EVERYBODY, room)
        self._visits[service, source] += 1
        return Verdict(source if self._visits[service, source] > self._per_source else None, room)

    def left(self, address: str) -> None:
        """Count that a visit is over."""
        source = source_of(address)
        self._open[source] -= 1
        if self._open[source] <= 0:
            del self._open[source]


def source_of(address: str) -> str:
    """What counts as one source: an address, or the network of IPv6 that is given to one customer."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ip_network(f"{parsed}/64", strict=False))  # noqa: PLR2004 - IPv4
