"""A year of events as rows for PostgreSQL's COPY: the same number always gives the same row. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice

from bench.attacks import PER_SESSION, SEVERITY, Visit, visit
from bench.traffic import uuid7
from sensor_wire.v1.event import EventKind

SPAN = timedelta(days=365)
LINES = 2000
FIRST_SESSION = 1_000_000_000
"""Numbers of sessions begin here, out of the way of those that the server makes."""
EVENT_COLUMNS = (
    *("sensor_id", "division_id", "session_id", "uuid", "time", "received_at", "service", "source_ip", "source_port"),
    *("destination_ip", "destination_port", "protocol", "kind", "severity", "summary", "details", "packets"),
    *("truncated", "words"),
)
SESSION_COLUMNS = (
    *("id", "sensor_id", "division_id", "session", "service", "first_time", "last_time", "events", "kind", "severity"),
    *("protocol", "source_ip", "source_port", "destination_ip", "destination_port", "summary", "summary_rank"),
    *("summary_time", "shelf", "status", "comment", "words"),
)
KINDS = ("closed", "connection", "icmp", "scan", "request", "login", "command", "file", "exploit")
"""As the server ranks them, the most telling last."""
STATUSES = {0: "resolved", 1: "resolved", 2: "ignored", 3: "in_progress"}
OF_STATUSES = 1000
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class History:
    """So many events of some sensors, evenly over the year before `end`, five to a session.

    Attributes:
        sensors: their numbers.
        divisions: the divisions their events belong to, each sensor's in one of them.
        count: events in all.
        end: the moment after the last one.
    """

    sensors: Sequence[int]
    divisions: Sequence[int]
    count: int
    end: datetime

    def event(self, number: int) -> str:
        """One line of the table of events, number 0 being the oldest."""
        session, step = divmod(number, PER_SESSION)
        found = self._visit(session)
        kind, moment = found.kinds[step], self._moment(number)
        return (
            f"{self._place(found)}\t{FIRST_SESSION + session}\t{uuid7()}\t{moment}\t{moment}\t{found.service}\t"
            f"\\\\x{found.source}\t50522\t192.0.2.10\t{found.port}\t{found.protocol}\t{kind.value}\t{SEVERITY[kind]}\t"
            f"{_escaped(summary(found, step))}\t{_escaped(details(found, step, moment))}\t[]\tf\t{words(found, step)}\n"
        )

    def session(self, number: int) -> str:
        """The line of the table of sessions that the events of this session come to."""
        found = self._visit(number)
        step, kind, severity, rank = _rollup(found.kinds)
        first, last = self._moment(number * PER_SESSION), self._moment(number * PER_SESSION + PER_SESSION - 1)
        return (
            f"{FIRST_SESSION + number}\t{self._place(found)}\ts-{number}\t{found.service}\t{first}\t{last}\t"
            f"{PER_SESSION}\t{kind}\t{severity}\t{found.protocol}\t"
            f"\\\\x{found.source}\t50522\t192.0.2.10\t{found.port}\t{_escaped(summary(found, step))}\t"
            f"{rank}\t{self._moment(number * PER_SESSION + step)}\t0\t"
            f"{STATUSES.get(number % OF_STATUSES, 'new')}\t\t{words(found, *range(PER_SESSION))}\n"
        )

    def _visit(self, session: int) -> Visit:
        return visit(session, session * PER_SESSION * 1000 // self.count)

    def _place(self, found: Visit) -> str:
        index = int(found.place * len(self.sensors))
        return f"{self.sensors[index]}\t{self.divisions[index % len(self.divisions)]}"

    def _moment(self, number: int) -> str:
        return (self.end - SPAN + SPAN * (number / self.count)).isoformat()


def summary(found: Visit, step: int) -> str:
    """What a person reads of an event: of several attempts, one."""
    name, what = found.attempts[step]
    match found.kinds[step]:
        case EventKind.LOGIN:
            return f"SSH login {name} / {what} refused (and 2 more)"
        case EventKind.COMMAND:
            return f"Command: {what}"
        case EventKind.SCAN:
            return f"Scan of 3 ports: {what}"
        case EventKind.REQUEST | EventKind.EXPLOIT | EventKind.FILE:
            return f"{name} {what}"
        case EventKind.CLOSED:
            return f"Session closed after {step}.{len(what)} s"
    return f"{found.service} contact"


def details(found: Visit, step: int, moment: str) -> str:
    """All attempts of an event."""
    told = (f'{{"time":"{moment}","kind":"{name}","data":{_quoted(value)}}}' for name, value in _facts(found, step))
    return f"[{','.join(told)}]"


def words(found: Visit, *steps: int) -> str:
    """Each word that events of a session say, once, as the server keeps them to be searched."""
    said = (" ".join([summary(found, step), *(value for _, value in _facts(found, step))]) for step in steps)
    return " ".join(dict.fromkeys(WORD.findall(" ".join(said).lower())))


def _facts(found: Visit, step: int) -> list[tuple[str, str]]:
    kind = found.kinds[step]
    if kind in {EventKind.CLOSED, EventKind.CONNECTION}:
        return []
    if kind is not EventKind.LOGIN:
        return [("data", found.attempts[step][1])]
    tried = (found.attempts[step], *found.attempts[:2])
    return [fact for name, password in tried for fact in (("username", name), ("password", password))]


def chunks(line: Callable[[int], str], numbers: range) -> Iterator[str]:
    """The lines of these numbers, some thousands together."""
    lines = map(line, numbers)
    while chunk := "".join(islice(lines, LINES)):
        yield chunk


@cache
def _rollup(kinds: tuple[EventKind, ...]) -> tuple[int, str, int, int]:
    """Of the events of a session: which one speaks for it, the most telling kind, the highest severity, its rank."""
    ranks = [SEVERITY[kind] * len(KINDS) + KINDS.index(kind.value) for kind in kinds]
    rank, step = max(zip(ranks, range(len(kinds)), strict=True))
    return step, max(kinds, key=lambda kind: KINDS.index(kind.value)).value, max(SEVERITY[kind] for kind in kinds), rank


def _quoted(text: str) -> str:
    return json.dumps(text) if "\\" in text or '"' in text else f'"{text}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")
