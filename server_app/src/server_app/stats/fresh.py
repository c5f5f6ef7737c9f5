"""Events that the worker has not counted yet. They are few: it looks every five seconds."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.counting import service as counting
from server_app.counting.increments import HOUR, Fact, keys_of
from server_app.counting.models import Picture
from server_app.events.counts import day_of, hour_of
from server_app.events.models import Event
from server_app.stats.scope import Scope
from server_app.stats.wanted import Segment

MOST = 2000
"""So many are counted with each question. More are only there while the worker is behind, and then come later."""


@dataclass(frozen=True)
class Fresh:
    """Those of a scope."""

    facts: Sequence[Fact]

    def timeline(self, line: Segment) -> Counter[datetime]:
        """By the beginning of their hour or day."""
        begin = hour_of if line.span == HOUR else day_of
        return Counter(begin(fact.time) for fact in self._during([line]))

    def keys(self, picture: Picture, segments: Sequence[Segment]) -> Counter[str]:
        """By what a picture tells apart."""
        return Counter(keys_of(fact)[picture] for fact in self._during(segments))

    def touched(self, segments: Sequence[Segment]) -> set[tuple[str, int]]:
        """Sources with the sensors they touched."""
        return {(keys_of(fact)[Picture.SOURCE], fact.sensor) for fact in self._during(segments)}

    def _during(self, segments: Sequence[Segment]) -> Iterator[Fact]:
        begin, end = segments[0].begin, segments[-1].end
        return (fact for fact in self.facts if begin <= fact.time < end)


def fresh_of(session: Session, scope: Scope) -> Fresh:
    """Read them; in the same snapshot as the totals, or some are seen twice or not at all."""
    after = Event.id > counting.position(session)
    numbers = select(Event.id).where(after).order_by(Event.id).limit(MOST)
    query = counting.uncounted(Event.id.in_(numbers), *scope.events())
    return Fresh([Fact(*row) for row in session.execute(query)])
