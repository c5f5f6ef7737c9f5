"""From what is wanted to SQL conditions."""

from collections.abc import Iterable
from itertools import product

from sqlalchemy import ColumnElement, and_, false, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from server_app.accounts.principal import Principal
from server_app.events.addresses import AddressRange, alone, range_of
from server_app.events.models import Event, EventSession
from server_app.events.ranks import SEVERITIES, severity_rank
from server_app.events.wanted import EventConditions, EventOrder, SessionConditions
from server_app.events.words import wanted_words

MOST_BRANCHES = 40
type Table = type[Event | EventSession]
type Conditions = list[ColumnElement[bool]]


def everything(who: Principal, table: Table, wanted: EventConditions) -> ColumnElement[bool]:
    """One condition that says it all, for work that needs no order."""
    return and_(*common(table, wanted), *(one for one, _ in several(who, table, wanted)), *looked_for(table, wanted))


def common(table: Table, wanted: EventConditions) -> Conditions:
    """The conditions that hold one value each, the shelf, and the time."""
    found = _shelf(wanted)
    values: tuple[tuple[InstrumentedAttribute[object], object], ...] = (
        (table.division_id, wanted.division),
        (table.sensor_id, wanted.sensor),
        (table.service, wanted.service),
        (table.kind, wanted.kind),
        (table.protocol, wanted.protocol),
        (table.destination_port, wanted.port),
    )
    found += [column == value for column, value in values if value is not None]
    if wanted.session is not None:
        found.append(_of_session(table, wanted.session))
    if wanted.source is not None and alone(wanted.source):
        found.append(table.source_ip == range_of(wanted.source).low)
    moment = moment_of(table)
    if wanted.since is not None:
        found.append(moment >= wanted.since)
    if wanted.until is not None:
        found.append(moment < wanted.until)
    return found


def looked_for(table: Table, wanted: EventConditions) -> Conditions:
    """The conditions that no index holds in the order of the list: a range of addresses, and words."""
    found: Conditions = []
    between = source_range(wanted)
    if between is not None:
        found.append(table.source_ip.between(between.low, between.high))
    if wanted.text is not None:
        spaced = literal(" ") + table.words
        found += [spaced.contains(f" {word}") for word in wanted_words(wanted.text)]
    return found


def source_range(wanted: EventConditions) -> AddressRange | None:
    """The range of addresses that is looked for; none where it is a single address."""
    return None if wanted.source is None or alone(wanted.source) else range_of(wanted.source)


def branches(who: Principal, table: Table, wanted: EventConditions) -> list[Conditions]:
    """The conditions with several values, taken apart: each list holds one value of each, together they hold all.

    Every index is one column followed by time and number, so that one value gives an ordered scan, and some of them are
    merged. Where another condition is narrow, or there would be too many, they stay whole.
    """
    found = several(who, table, wanted)
    parts = [part for _, part in found]
    count = 1
    for part in parts:
        count *= max(len(part), 1)
    if wanted.sensor or wanted.source or wanted.session or not 1 < count <= MOST_BRANCHES:
        return [[whole for whole, _ in found]]
    return [list(combination) for combination in product(*parts)]


def moment_of(table: Table) -> InstrumentedAttribute[object]:
    """What the list is ordered by."""
    return Event.time if table is Event else EventSession.last_time


def several(who: Principal, table: Table, wanted: EventConditions) -> list[tuple[ColumnElement[bool], Conditions]]:
    """Each condition with several values as a whole and in parts."""
    found = []
    if who.divisions is not None and wanted.division is None:
        found.append(_one_of(table.division_id, sorted(who.divisions)))
    elif not (wanted.division is None or who.sees(wanted.division)):
        found.append((false(), [false()]))
    if wanted.severity is not None and (least := severity_rank(wanted.severity)) > 0:
        found.append(_one_of(table.severity, range(least, len(SEVERITIES))))
    return found


def _one_of(column: InstrumentedAttribute[int], values: Iterable[int]) -> tuple[ColumnElement[bool], Conditions]:
    numbers = list(values)
    return column.in_(numbers), [column == number for number in numbers] or [false()]


def shelf_of(wanted: EventConditions) -> ColumnElement[bool]:
    """What is shown at all: a shelf of sessions; of events what no filter hides, or what some filter does."""
    if isinstance(wanted, SessionConditions):
        return EventSession.shelf == wanted.shelf
    return Event.hidden_by.is_not(None) if wanted.hidden else Event.hidden_by.is_(None)


def _shelf(wanted: EventConditions) -> Conditions:
    if isinstance(wanted, SessionConditions):
        found: Conditions = [shelf_of(wanted)]
        if wanted.status is not None:
            found.append(EventSession.status == wanted.status)
        if wanted.assignee is not None:
            found.append(EventSession.assignee_id == wanted.assignee)
        return found
    if isinstance(wanted, EventOrder) and wanted.hidden_by is not None:
        return [Event.hidden_by == wanted.hidden_by]
    return [shelf_of(wanted)]


def _of_session(table: Table, name: str) -> ColumnElement[bool]:
    if table is EventSession:
        return EventSession.session == name
    return Event.session_id.in_(select(EventSession.id).where(EventSession.session == name))
