"""How much room the events take: what is in some of them, and what each takes beside, with all its indexes.

The files of a database do not shrink when rows go, so their size tells nothing about what is left. Rows by their mean
size do; and as it is always the same rows that are looked at, removing others does not change what is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from sqlalchemy import BLOB, ColumnElement, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server_app.events.models import Event, EventSession

LOOKED_AT = 4096
"""Rows of which the size is looked at, at most; at least about half as many, where there are."""
SCATTER = 2_654_435_761
"""Of blocks of numbers one row each, not always the same one: events of sessions have a rhythm."""
MIB = 1 << 20
type Sized = type[Event | EventSession]


@dataclass(frozen=True)
class Kind:
    """What rows of a table take.

    Attributes:
        varying: the columns whose size varies.
        rest: bytes of everything else, as measured: the other columns, what the database adds, and the indexes.
    """

    varying: Sequence[InstrumentedAttribute[object]]
    rest: int


KINDS: dict[Sized, Kind] = {
    Event: Kind((Event.summary, Event.words, Event.details, Event.packets), 700),
    EventSession: Kind((EventSession.summary, EventSession.words, EventSession.comment), 700),
}


@dataclass(frozen=True)
class Taken:
    """How many events there are, and the bytes they take with their sessions and all indexes."""

    events: int
    bytes: float

    def beyond(self, most: int) -> int:
        """How many of the events should go so that the others take no more than `most` bytes; 0 for none."""
        return max(0, ceil(self.events * (self.bytes - most) / self.bytes)) if self.bytes else 0


def surplus(session: Session, most: int) -> int:
    """How many of the oldest events should go so that those that stay take no more than `most` bytes; 0 for none."""
    first, last = session.execute(select(func.min(Event.id), func.max(Event.id))).one()
    if first is None or (last - first + 1) * (_mean(session, Event) + _mean(session, EventSession)) <= most:
        return 0  # there are not more events than numbers: nothing has to be counted
    return taken(session).beyond(most)


def taken(session: Session) -> Taken:
    """What there is; the sessions are counted for it."""
    events, contacts = session.execute(select(func.sum(EventSession.events), func.count(EventSession.id))).one()
    count = int(events or 0)
    return Taken(count, count * _mean(session, Event) + contacts * _mean(session, EventSession))


def _mean(session: Session, table: Sized) -> float:
    """Bytes of one row."""
    kind, dialect = KINDS[table], session.get_bind().dialect.name
    size = sum((_bytes(column, dialect) for column in kind.varying[1:]), _bytes(kind.varying[0], dialect))
    first, last = session.execute(select(func.min(table.id), func.max(table.id))).one()
    found = session.scalar(select(func.avg(size)).where(table.id.in_(looked_at(first or 0, last or 0))))
    if found is None:  # there are gaps just there
        newest = select(size.label("size")).order_by(table.id.desc()).limit(LOOKED_AT).subquery()
        found = session.scalar(select(func.avg(newest.c.size)))
    return float(found or 0) + kind.rest


def looked_at(first: int, last: int) -> list[int]:
    """Numbers of rows, evenly spread; of a longer range those of a shorter one, until it has twice their length."""
    step = 1
    while (last - first) // step >= LOOKED_AT:
        step *= 2
    return [block * step + block * SCATTER % step for block in range(first // step, last // step + 1)]


def _bytes(column: InstrumentedAttribute[object], dialect: str) -> ColumnElement[int]:
    # PostgreSQL tells what is stored, which it has compressed where it was long.
    return func.pg_column_size(column) if dialect == "postgresql" else func.length(cast(column, BLOB))
