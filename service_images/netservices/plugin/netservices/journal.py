"""What visitors do, as lines of JSON that the adapter follows.

A visit is a session of its own. When one source comes too often (or all of them together do), further visits to a
service become one session: a crowd, whose visits are counted while what they say is still written down.
"""

import base64
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from honeypot_adapter.log import log
from netservices.admission import Admission

MAX_BYTES = 32 * 1024 * 1024
"""What the journal may take of its tmpfs; the adapter frees what it has read."""

MAX_FIELD = 2048
MAX_PAYLOAD = 4097
"""One byte more than an event takes, so that it is seen when there was more."""

MAX_DATAGRAM_VISITS = 1024
"""More than are kept open at a time: whoever sends datagrams finds room."""

CROWD_IDLE = 60.0
CROWD_LINES = 50
"""What is told of a crowd; as much fits into an event. Further visitors are the next crowd."""


class Ends(NamedTuple):
    """Who came to whom, by which protocol; IPv4 addresses are written as such."""

    service: str
    protocol: str
    source: tuple[str, int]
    destination: tuple[str, int]


class Visit:
    """One connection (or, without connections, one caller's datagrams) and what is to be told of it."""

    def __init__(self, journal: "Journal", session: str, ends: Ends, crowd: "Crowd | None") -> None:
        self.ends = ends
        self.told = False
        self._journal = journal
        self._session = session
        self._crowd = crowd
        self._since = time.monotonic()
        self._open = True

    def tell(self, what: str, payload: bytes = b"", /, **fields: Any) -> None:
        """Write down what the visitor did.

        Args:
            what: `login`, `command`, `request`, `client`, `file`, `exploit` or `payload`, see the adapter's mapping.
            payload: the attacker's bytes, where a text would not do.
            fields: the facts of it.
        """
        self.told = True
        if self._crowd is not None:
            self._crowd.lines += 1
            fields["visitor"] = f"{self.ends.source[0]} port {self.ends.source[1]}"
        self._journal.write(self._session, self.ends, what, payload, fields)

    def close(self) -> None:
        """Say that the visitor has gone."""
        if not self._open:
            return
        self._open = False
        if self._crowd is not None:
            self._crowd.open -= 1
        else:
            self._journal.write(self._session, self.ends, "closed", b"", {"seconds": time.monotonic() - self._since})
        self._journal.left(self.ends)


class Crowd:
    """Visits that have no session each: how many, and how many of them have been told."""

    def __init__(self, session: str, ends: Ends) -> None:
        self.session = session
        self.ends = ends
        self.visits = self.told = self.open = self.lines = 0
        self.last = time.monotonic()


class Journal:
    """The file, and who has been here lately. One thread."""

    def __init__(self, path: Path, admission: Admission | None = None, clock: Callable[[], float] = time.time) -> None:
        # Sources of datagrams may be forged: they must not take the room of connections.
        self._admissions = {"tcp": admission or Admission(), "udp": Admission(max_open=MAX_DATAGRAM_VISITS)}
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._clock = clock
        self._crowds: dict[tuple[str, str, str], Crowd] = {}
        self._full: list[Crowd] = []
        self._lost = 0

    def open(self, ends: Ends) -> Visit | None:
        """Take up a visitor; None when there are too many at a time: it is counted, and must be sent away."""
        now = time.monotonic()
        verdict = self._admissions[ends.protocol].came(ends.service, ends.source[0], now)
        if verdict.crowd is None and verdict.room:
            visit = Visit(self, secrets.token_hex(8), ends, None)
            self.write(visit._session, ends, "connection", b"", {})  # noqa: SLF001 - its own helper
            return visit
        key = (ends.service, ends.protocol, verdict.crowd or ends.source[0])
        crowd = self._crowds.get(key)
        if crowd is not None and crowd.lines >= CROWD_LINES:
            self._full.append(crowd)
            crowd = None
        if crowd is None:
            crowd = self._crowds[key] = Crowd(f"crowd-{secrets.token_hex(8)}", ends)
            self.write(crowd.session, ends, "connection", b"", {"crowd": True})
        crowd.visits += 1
        crowd.last = now
        if not verdict.room:
            return None
        crowd.open += 1
        return Visit(self, crowd.session, ends, crowd)

    def left(self, ends: Ends) -> None:
        """Count that a visit is over."""
        self._admissions[ends.protocol].left(ends.source[0])

    def tick(self, *, final: bool = False) -> None:
        """Tell how crowds have grown and that quiet ones are over; to be called every few seconds and at the end."""
        now = time.monotonic()
        for crowd in [*self._full, *self._crowds.values()]:
            if crowd.visits > crowd.told:
                self.write(crowd.session, crowd.ends, "repeated", b"", {"count": crowd.visits - crowd.told})
                crowd.told = crowd.visits
        over = [crowd for crowd in self._full if final or crowd.open <= 0]
        over += [each for each in self._crowds.values() if final or (each.open <= 0 and now - each.last >= CROWD_IDLE)]
        for crowd in over:
            self.write(crowd.session, crowd.ends, "closed", b"", {"visits": crowd.visits})
        self._full = [crowd for crowd in self._full if crowd not in over]
        self._crowds = {key: crowd for key, crowd in self._crowds.items() if crowd not in over}

    def write(self, session: str, ends: Ends, what: str, payload: bytes, fields: dict[str, Any]) -> None:
        """Add a line; when there is no room for it, count it, and tell that with the next one that has."""
        entry = {"session": session, "time": self._clock(), **ends._asdict(), "what": what}
        entry |= {name: _bounded(value) for name, value in fields.items()}
        if payload:
            entry["payload"] = base64.b64encode(payload[:MAX_PAYLOAD]).decode()
        if self._lost:
            entry["lost"] = self._lost
        line = json.dumps(entry, ensure_ascii=True).encode() + b"\n"
        try:
            if os.fstat(self._descriptor).st_blocks * 512 > MAX_BYTES:
                raise OSError("the sensor took nothing for too long")  # noqa: TRY301 - one way for both
            os.write(self._descriptor, line)
        except OSError as error:
            if not self._lost:
                log(f"there is no room to write down what happens, it is only counted: {error}")
            self._lost += 1
        else:
            if self._lost:
                log(f"{self._lost} lines were lost for want of room")
            self._lost = 0


def _bounded(value: Any) -> Any:
    return value[:MAX_FIELD] if isinstance(value, str) else value
