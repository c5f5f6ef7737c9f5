"""Event filters as people see and change them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.divisions import service as divisions
from server_app.errors import NotFound
from server_app.event_filters.models import EventFilter, EventFilterHits
from server_app.paging import Page, PageRequest, newest_first

type Hits = dict[int, tuple[int, datetime]]


def list_filters(session: Session, who: Principal, wanted: PageRequest, division: int | None) -> Page[EventFilter]:
    """The filters of the divisions a user sees and those for all, the last changed first."""
    query = select(EventFilter)
    if who.divisions is not None:
        query = query.where(or_(EventFilter.division_id.is_(None), EventFilter.division_id.in_(who.divisions)))
    if division is not None:
        query = query.where(EventFilter.division_id == division)
    order = EventFilter.changed_at, EventFilter.id
    return newest_first(session, query, order, lambda row: (row.changed_at, row.id), wanted)


def get_filter(session: Session, who: Principal, filter_id: int) -> EventFilter:
    """One filter.

    Raises:
        NotFound: there is none of this number that the user sees.
    """
    row = session.get(EventFilter, filter_id)
    if row is None or not (row.division_id is None or who.sees(row.division_id)):
        raise NotFound(f"There is no event filter {filter_id}.")
    return row


def create_filter(session: Session, who: Principal, values: dict[str, Any], now: datetime) -> EventFilter:
    """Add a filter.

    Args:
        session: a writing one.
        who: the user.
        values: the columns, with `division` as a number or None.
        now: the current moment.

    Raises:
        Forbidden: the user only looks, or wants one for all divisions and is no administrator.
        Invalid: there is no such division for this user.
    """
    division = values.pop("division")
    if division is None:
        who.require_admin()
    else:
        divisions.writable_division(session, who, division)
    row = EventFilter(**values, division_id=division, changed_at=now)
    session.add(row)
    session.flush()
    return row


def change_filter(
    session: Session, who: Principal, filter_id: int, values: dict[str, Any], now: datetime
) -> EventFilter:
    """Change the columns that `values` has, and no other.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: it is not for this user to change.
    """
    row = _writable(session, who, filter_id)
    for name, value in values.items():
        setattr(row, name, value)
    row.changed_at = now
    session.flush()
    return row


def delete_filter(session: Session, who: Principal, filter_id: int) -> None:
    """Remove a filter. What it has hidden stays hidden, and can still be shown.

    Raises:
        NotFound: there is none of this number that the user sees.
        Forbidden: it is not for this user to change.
    """
    session.delete(_writable(session, who, filter_id))


def hits_of(session: Session, filters: Iterable[EventFilter]) -> Hits:
    """By filter: how many events it has hidden, and the hour of the last of them."""
    query = select(EventFilterHits.filter_id, func.sum(EventFilterHits.events), func.max(EventFilterHits.start))
    chosen = query.where(EventFilterHits.filter_id.in_([row.id for row in filters]))
    rows = session.execute(chosen.group_by(EventFilterHits.filter_id))
    return {number: (int(events), last) for number, events, last in rows}


def _writable(session: Session, who: Principal, filter_id: int) -> EventFilter:
    row = get_filter(session, who, filter_id)
    if row.division_id is None:
        who.require_admin()
    who.require_write()
    return row
