"""What a filter would have hidden."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session, selectinload

from server_app.accounts.principal import Principal
from server_app.event_filters.conditions import Conditions
from server_app.event_filters.matcher import checks_of
from server_app.events.addresses import range_of
from server_app.events.models import Event
from server_app.events.queries import EVENT_PARTS, is_whole

MOST_EXAMINED = 50_000
SAMPLES = 10
COLUMNS = ("id", "time", "source_ip", "destination_port", "protocol", "kind", "service", "sensor_id")


@dataclass(frozen=True)
class Tried:
    """What came of it, as the API's `DryRunResult`."""

    matched: int
    complete: bool
    since: datetime | None
    samples: list[Event]


def try_out(session: Session, who: Principal, conditions: Conditions, division: int | None) -> Tried:
    """Ask the filter about stored events, newest first, `MOST_EXAMINED` candidates at most.

    The database finds the candidates by all conditions but the time of day; the same code as at arrival decides.
    """
    checks = checks_of(conditions)
    query = _candidates(who, conditions, division).order_by(Event.time.desc(), Event.id.desc())
    matched: list[int] = []
    examined, since, complete = 0, None, True
    rows = session.execute(query.limit(MOST_EXAMINED + 1).execution_options(yield_per=1000))
    total = 0
    for row in rows:
        if examined == MOST_EXAMINED:
            complete = False
            break
        examined, since = examined + 1, row.time
        event = row._asdict()
        if all(check(event) for check in checks):
            total += 1
            if len(matched) < SAMPLES:
                matched.append(row.id)
    rows.close()
    shown = select(Event).where(Event.id.in_(matched)).options(*EVENT_PARTS, selectinload(Event.parent))
    samples = session.scalars(shown.order_by(Event.time.desc(), Event.id.desc())).all()
    return Tried(total, complete, since, [row for row in samples if is_whole(row)])


def _candidates(who: Principal, conditions: Conditions, division: int | None) -> Select[tuple[object, ...]]:
    found: list[ColumnElement[bool]] = [Event.hidden_by.is_(None)]
    if who.divisions is not None:
        found.append(Event.division_id.in_(who.divisions) if who.divisions else false())
    if division is not None:
        found.append(Event.division_id == division)
    for column, values in (
        (Event.destination_port, conditions.ports),
        (Event.protocol, conditions.protocols),
        (Event.kind, conditions.kinds),
        (Event.service, conditions.services),
        (Event.sensor_id, conditions.sensors),
    ):
        if values is not None:
            found.append(column.in_(values))
    if conditions.sources is not None:
        ranges = [range_of(source) for source in conditions.sources]
        found.append(or_(*(Event.source_ip.between(one.low, one.high) for one in ranges)))
    return select(*(getattr(Event, name) for name in COLUMNS)).where(*found)
