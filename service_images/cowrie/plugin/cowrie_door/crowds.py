"""Those for whom there was no room: the first one of a source is told at once, the others are counted.

What is told are lines for cowrie's log, in the form of its own. Pure: time is an argument.
"""

import secrets
from dataclasses import dataclass
from typing import Any, NamedTuple

IDLE_SECONDS = 60.0
MAX_CROWDS = 256
EVERYBODY = "*"
"""Takes those of further sources in, when there are that many crowds."""

type Line = dict[str, Any]


class Ends(NamedTuple):
    """Who came to whom, by `ssh` or `telnet`."""

    protocol: str
    src_ip: str
    src_port: int
    dst_ip: str
    dst_port: int


@dataclass
class _Crowd:
    session: str
    ends: Ends
    last: float
    count: int = 1
    told: int = 1

    def line(self, what: str, count: int) -> Line:
        return {"eventid": f"crowd.{what}", "session": self.session, **self.ends._asdict(), "count": count}


class Crowds:
    """One crowd for each source and protocol, within a bound; each is a session until nobody comes any more."""

    def __init__(self) -> None:
        self._crowds: dict[tuple[str, str], _Crowd] = {}

    def came(self, ends: Ends, now: float) -> list[Line]:
        """Count one; gives what is to be told at once."""
        key = (ends.protocol, ends.src_ip)
        if key not in self._crowds and len(self._crowds) >= MAX_CROWDS:
            key = (ends.protocol, EVERYBODY)
        known = self._crowds.get(key)
        if known is not None:
            known.count += 1
            known.last = now
            return []
        crowd = self._crowds[key] = _Crowd(f"crowd-{secrets.token_hex(6)}", ends, now)
        return [crowd.line("opened", 1)]

    def tick(self, now: float, *, final: bool = False) -> list[Line]:
        """Tell how crowds have grown, and that quiet ones are over; to be called every few seconds and at the end."""
        lines = []
        for key, crowd in list(self._crowds.items()):
            if crowd.count > crowd.told:
                lines.append(crowd.line("more", crowd.count - crowd.told))
                crowd.told = crowd.count
            if final or now - crowd.last >= IDLE_SECONDS:
                lines.append(crowd.line("closed", crowd.count))
                del self._crowds[key]
        return lines
