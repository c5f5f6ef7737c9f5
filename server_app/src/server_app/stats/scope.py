"""Whose events somebody sees the statistics of."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.counting.models import PLACES, EventTotal
from server_app.events.models import Event
from server_app.stats.wanted import StatsQuery


@dataclass(frozen=True)
class Scope:
    """Which totals those are, and which of the events that are not counted yet.

    Attributes:
        places: the divisions whose totals are added, or 0 alone for those of everything.
        sensor: the sensor whose totals are meant; 0 for all.
        divisions: the divisions whose events are seen; None for all.
    """

    places: tuple[int, ...]
    sensor: int
    divisions: tuple[int, ...] | None

    def totals(self) -> ColumnElement[bool]:
        """Their rows."""
        return EventTotal.division_id.in_(self.places) & (EventTotal.sensor_id == self.sensor)

    def events(self) -> Iterator[ColumnElement[bool]]:
        """The conditions of their events."""
        if self.divisions is not None:
            yield Event.division_id.in_(self.divisions)
        if self.sensor:
            yield Event.sensor_id == self.sensor


def scope_of(session: Session, who: Principal, wanted: StatsQuery) -> Scope:
    """What the user sees of what is wanted."""
    seen = None if who.divisions is None else set(who.divisions)
    if wanted.division is not None:
        seen = {wanted.division} if seen is None else seen & {wanted.division}
    divisions = None if seen is None else tuple(sorted(seen))
    if wanted.sensor is None:
        return Scope((0,) if divisions is None else divisions, 0, divisions)
    # A sensor that moved has totals in several.
    places = select(EventTotal.division_id).distinct().where(PLACES, EventTotal.sensor_id == wanted.sensor)
    if divisions is not None:
        places = places.where(EventTotal.division_id.in_(divisions))
    return Scope(tuple(session.scalars(places)), wanted.sensor, divisions)
