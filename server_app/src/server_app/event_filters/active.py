"""The filters in force, compiled once per change."""

from datetime import datetime
from typing import cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.orm import Session

from server_app.event_filters.conditions import Conditions
from server_app.event_filters.matcher import Matcher, checks_of
from server_app.event_filters.models import EventFilter

type Version = tuple[int, datetime | None]
_TABLE = cast("Table", EventFilter.__table__)
VERSION = (
    select(func.count(_TABLE.c.id)).scalar_subquery().label("filters"),
    select(func.max(_TABLE.c.changed_at)).scalar_subquery().label("filters_changed_at"),
)
"""Columns that say of which state the filters are; they are read along with something else."""
_compiled: WeakKeyDictionary[Engine, tuple[Version, list[Matcher]]] = WeakKeyDictionary()


def matchers(connection: Connection, version: Version) -> list[Matcher]:
    """The filters that are enabled, of all divisions, in the order of their numbers.

    Args:
        connection: where they are.
        version: what it says of `VERSION`.
    """
    engine = connection.engine
    known = _compiled.get(engine)
    if known is None or known[0] != version:
        with Session(connection) as session:
            rows = session.scalars(select(EventFilter).where(EventFilter.enabled).order_by(EventFilter.id))
            known = version, [compiled(row) for row in rows]
        _compiled[engine] = known
    return known[1]


def compiled(row: EventFilter) -> Matcher:
    """A filter, ready to be asked."""
    conditions = Conditions.model_validate(row.conditions)
    return Matcher(row.id, row.division_id, row.expires_at, checks_of(conditions))
