"""From what is wanted to SQL conditions."""

import re
from collections.abc import Iterable
from itertools import product

from sqlalchemy import ColumnElement, and_, false, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute

from server_app.accounts.principal import Principal
from server_app.events.addresses import range_of
from server_app.events.models import Event, EventSession
from server_app.events.ranks import SEVERITIES, severity_rank
from server_app.events.wanted import EventConditions, EventOrder, SessionConditions

MOST_BRANCHES = 40
type Table = type[Event | EventSession]
type Conditions = list[ColumnElement[bool]]


def everything(who: Principal, table: Table, wanted: EventConditions, dialect: str) -> ColumnElement[bool]:
    """One condition that says it all, for work that needs no order."""
    return and_(*common(table, wanted, dialect), *(one for one, _ in _several(who, table, wanted)))


def common(table: Table, wanted: EventConditions, dialect: str) -> Conditions:
    """The conditions that hold one value each, and the shelf."""
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
    if wanted.source is not None:
        between = range_of(wanted.source)
        alone = between.low == between.high
        found.append(table.source_ip == between.low if alone else table.source_ip.between(between.low, between.high))
    moment = moment_of(table)
    if wanted.since is not None:
        found.append(moment >= wanted.since)
    if wanted.until is not None:
        found.append(moment < wanted.until)
    if wanted.text is not None:
        found.append(_has_words(table, wanted.text, dialect))
    return found


def branches(who: Principal, table: Table, wanted: EventConditions) -> list[Conditions]:
    """The conditions with several values, taken apart: each list holds one value of each, together they hold all.

    Every index is one column followed by time and number, so that one value gives an ordered scan, and some of them are
    merged. Where another condition is narrow, or there would be too many, they stay whole.
    """
    several = _several(who, table, wanted)
    parts = [part for _, part in several]
    count = 1
    for part in parts:
        count *= max(len(part), 1)
    if wanted.sensor or wanted.source or wanted.session or not 1 < count <= MOST_BRANCHES:
        return [[whole for whole, _ in several]]
    return [list(combination) for combination in product(*parts)]


def moment_of(table: Table) -> InstrumentedAttribute[object]:
    """What the list is ordered by."""
    return Event.time if table is Event else EventSession.last_time


def words_of(text: str) -> list[str]:
    """The words somebody looks for."""
    return re.findall(r"[^\W_]+", text.lower())


def _several(who: Principal, table: Table, wanted: EventConditions) -> list[tuple[ColumnElement[bool], Conditions]]:
    """Each such condition as a whole and in parts."""
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


def _shelf(wanted: EventConditions) -> Conditions:
    if isinstance(wanted, SessionConditions):
        found: Conditions = [EventSession.shelf == wanted.shelf]
        if wanted.status is not None:
            found.append(EventSession.status == wanted.status)
        if wanted.assignee is not None:
            found.append(EventSession.assignee_id == wanted.assignee)
        return found
    if isinstance(wanted, EventOrder) and wanted.hidden_by is not None:
        return [Event.hidden_by == wanted.hidden_by]
    return [Event.hidden_by.is_not(None) if wanted.hidden else Event.hidden_by.is_(None)]


def _of_session(table: Table, name: str) -> ColumnElement[bool]:
    if table is EventSession:
        return EventSession.session == name
    return Event.session_id.in_(select(EventSession.id).where(EventSession.session == name))


def _has_words(table: Table, text: str, dialect: str) -> ColumnElement[bool]:
    words = words_of(text)
    if dialect == "postgresql":
        query = func.to_tsquery(literal_column("'simple'::regconfig"), " & ".join(f"'{word}':*" for word in words))
        return func.event_words(table.summary).op("@@")(query)
    return and_(*(table.summary.icontains(word, autoescape=True) for word in words))
