"""The filters in force, compiled once per change."""

from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from server_app.event_filters.conditions import Conditions
from server_app.event_filters.matcher import Matcher, checks_of
from server_app.event_filters.models import EventFilter

type Version = tuple[int, datetime | None]
_compiled: WeakKeyDictionary[Engine, tuple[Version, list[Matcher]]] = WeakKeyDictionary()


def matchers(session: Session, division_id: int, now: datetime) -> list[Matcher]:
    """The filters to ask about events of a division, in the order of their numbers."""
    return [one for one in _all(session) if one.holds_for(division_id, now)]


def _all(session: Session) -> list[Matcher]:
    engine = session.connection().engine
    count, changed_at = session.execute(select(func.count(), func.max(EventFilter.changed_at))).one()
    version = (int(count), changed_at)
    known = _compiled.get(engine)
    if known is None or known[0] != version:
        rows = session.scalars(select(EventFilter).where(EventFilter.enabled).order_by(EventFilter.id))
        known = version, [compiled(row) for row in rows]
        _compiled[engine] = known
    return known[1]


def compiled(row: EventFilter) -> Matcher:
    """A filter, ready to be asked."""
    conditions = Conditions.model_validate(row.conditions)
    return Matcher(row.id, row.division_id, row.expires_at, checks_of(conditions))
