"""Reading totals: sums over a few rows, and the most frequent of very many."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, text, union_all
from sqlalchemy.orm import Session

from server_app.counting.models import TOUCHED, EventTotal, Picture
from server_app.stats.leading import Gathered, most, promising, proven
from server_app.stats.scope import Scope
from server_app.stats.wanted import Segment

MOST_READ = 50_000
"""Rows of sorted lists that are looked at before everything is added up instead."""
MOST_LOOKED_UP = 2_000
"""Keys, in each division that is meant, that are looked up rather than reading on in the lists."""
_GATHERED = text(
    "WITH found AS MATERIALIZED (SELECT list.number, total.key, total.events"
    " FROM unnest(CAST(:divisions AS bigint[]), CAST(:spans AS smallint[]), CAST(:starts AS timestamptz[]))"
    " WITH ORDINALITY AS list (division_id, span, start, number)"
    " CROSS JOIN LATERAL (SELECT key, events FROM event_totals WHERE picture = :picture AND sensor_id = :sensor"
    " AND division_id = list.division_id AND span = list.span AND start = list.start"
    " ORDER BY events DESC LIMIT :depth) AS total),"
    " rests AS MATERIALIZED (SELECT number, CASE WHEN count(*) = :depth THEN min(events) ELSE 0 END AS rest"
    " FROM found GROUP BY number),"
    " sums AS MATERIALIZED (SELECT key, sum(events) AS events, sum(rest) AS known"
    " FROM found JOIN rests USING (number) GROUP BY key),"
    " least AS (SELECT events FROM sums ORDER BY events DESC OFFSET :top - 1 LIMIT 1),"
    " total AS (SELECT sum(rest) AS rest FROM rests)"
    " SELECT key, events, known, total.rest FROM sums CROSS JOIN total WHERE key = ANY(CAST(:fresh AS text[]))"
    " OR events + total.rest - known >= coalesce((SELECT events FROM least), 0)"
)
"""Of very many lists many thousand rows would be read; the database adds them up in a fraction of the time."""
_LOOKED_UP = text(
    "SELECT wanted.key, sum(total.events)"
    " FROM unnest(CAST(:keys AS text[])) AS wanted (key)"
    " CROSS JOIN unnest(CAST(:divisions AS bigint[])) AS place (division_id)"
    " CROSS JOIN unnest(CAST(:spans AS smallint[]), CAST(:begins AS timestamptz[]), CAST(:ends AS timestamptz[]))"
    " AS segment (span, first, last)"
    " CROSS JOIN LATERAL (SELECT sum(events) AS events FROM event_totals WHERE picture = :picture"
    " AND division_id = place.division_id AND sensor_id = :sensor AND span = segment.span AND key = wanted.key"
    " AND (start >= segment.first AND start < segment.last) IS TRUE) AS total"
    " WHERE total.events IS NOT NULL GROUP BY wanted.key"
)
"""Key by key: planned as a whole, PostgreSQL reads all that there is of that time."""
_EVENTS = func.sum(EventTotal.events)


@dataclass(frozen=True)
class Totals:
    """The totals of a scope."""

    session: Session
    scope: Scope

    def timeline(self, line: Segment) -> dict[datetime, int]:
        """The events by the beginning of their hour or day."""
        start = EventTotal.start
        query = select(start, _EVENTS).where(self._within([line]), EventTotal.picture == Picture.TOTAL).group_by(start)
        return {moment: int(count) for moment, count in self.session.execute(query)}

    def classes(self, pictures: Collection[Picture], segments: Sequence[Segment]) -> dict[Picture, Counter[str]]:
        """All keys of pictures that have few."""
        names = EventTotal.picture, EventTotal.key
        query = select(*names, _EVENTS).where(self._within(segments), EventTotal.picture.in_(pictures)).group_by(*names)
        found: defaultdict[Picture, Counter[str]] = defaultdict(Counter)
        for picture, key, count in self.session.execute(query):
            found[Picture(picture)][key] = int(count)
        return found

    def most(self, picture: Picture, segments: Sequence[Segment], top: int, fresh: Counter[str]) -> dict[str, int]:
        """The most frequent keys of a picture that has many, and how often each occurs; exactly.

        Args:
            picture: which.
            segments: the time.
            top: how many.
            fresh: what is not in the totals yet.
        """
        lists = [
            (place, part.span, start) for place in self.scope.places for part in segments for start in part.starts()
        ]
        depth = 2 * top
        # SQLite, for small sites, has no LATERAL.
        while self.session.get_bind().dialect.name == "postgresql" and lists and depth * len(lists) <= MOST_READ:
            gathered = self._gathered(picture, lists, depth, top, fresh)
            gathered.counts.update(fresh)
            if gathered.rest == 0:
                return most(gathered.counts, top)
            keys = promising(gathered, top)
            likely = proven(most(gathered.counts, top), top, gathered.rest)  # else reading on is worth more
            if likely and len(keys) * len(self.scope.places) <= MOST_LOOKED_UP:
                found = most(fresh + self._of(picture, segments, keys), top)
                if proven(found, top, gathered.rest):
                    return found
            depth *= 4
        key = EventTotal.key
        query = select(key, _EVENTS).where(self._within(segments), EventTotal.picture == picture).group_by(key)
        query = query.order_by(_EVENTS.desc(), key).limit(top)
        leading = Counter({name: int(count) for name, count in self.session.execute(query)})
        others = self._of(picture, segments, fresh.keys() - leading.keys())
        return most(leading + others + fresh, top)

    def touched(self, sources: Collection[str], segments: Sequence[Segment]) -> dict[str, int]:
        """How many sensors each of these sources has touched."""
        # Told apart before they are counted: PostgreSQL would sort all rows to count the distinct ones in groups. Each
        # segment by itself: of several together it reads all there is of these sources.
        parts = (select(EventTotal.key, EventTotal.sensor_id).where(*self._at(sources, [one])) for one in segments)
        rows = union_all(*parts).subquery()
        pairs = select(rows).distinct().subquery()
        query = select(pairs.c.key, func.count()).group_by(pairs.c.key)
        return {key: count for key, count in self.session.execute(query)}  # noqa: C416 - a Row is a tuple in all but type

    def pairs(self, pairs: Collection[tuple[str, int]], segments: Sequence[Segment]) -> set[tuple[str, int]]:
        """Those of some pairs of source and sensor that are in the totals."""
        if not pairs:
            return set()
        conditions = self._at({source for source, _ in pairs}, segments)
        query = select(EventTotal.key, EventTotal.sensor_id).distinct().where(*conditions)
        query = query.where(EventTotal.sensor_id.in_({sensor for _, sensor in pairs}))
        return {(key, sensor) for key, sensor in self.session.execute(query)} & set(pairs)

    def _gathered(
        self, picture: Picture, lists: Sequence[tuple[int, int, datetime]], depth: int, top: int, fresh: Counter[str]
    ) -> Gathered:
        """What promises to be among the most frequent, and what is fresh."""
        divisions, spans, starts = zip(*lists, strict=True)
        values = {"picture": int(picture), "sensor": self.scope.sensor, "depth": depth, "top": top, "fresh": [*fresh]}
        arrays = {"divisions": [*divisions], "spans": [*spans], "starts": [*starts]}
        found = Gathered()
        for key, events, known, rest in self.session.execute(_GATHERED, values | arrays):
            found.counts[key], found.known[key], found.rest = int(events), int(known), int(rest)
        return found

    def _of(self, picture: Picture, segments: Sequence[Segment], keys: Collection[str]) -> Counter[str]:
        if self.session.get_bind().dialect.name == "postgresql":
            arrays = {"keys": [*keys], "divisions": [*self.scope.places]}
            arrays |= {"spans": [one.span for one in segments], "begins": [one.begin for one in segments]}
            values = {"picture": int(picture), "sensor": self.scope.sensor, "ends": [one.end for one in segments]}
            return Counter({name: int(count) for name, count in self.session.execute(_LOOKED_UP, arrays | values)})
        key, of_these = EventTotal.key, and_(EventTotal.picture == picture, EventTotal.key.in_(keys))
        parts = (select(key, EventTotal.events).where(self._within([one]), of_these) for one in segments)
        found = union_all(*parts).subquery()
        query = select(found.c.key, func.sum(found.c.events)).group_by(found.c.key)
        return Counter({name: int(count) for name, count in self.session.execute(query)})

    def _within(self, segments: Sequence[Segment]) -> ColumnElement[bool]:
        return and_(self.scope.totals(), _during(segments))

    def _at(self, sources: Collection[str], segments: Sequence[Segment]) -> list[ColumnElement[bool]]:
        """The rows of sources at single sensors."""
        found = [and_(TOUCHED, EventTotal.key.in_(sources)), _during(segments)]
        if self.scope.sensor:
            found.append(EventTotal.sensor_id == self.scope.sensor)
        if self.scope.divisions is not None:
            found.append(EventTotal.division_id.in_(self.scope.divisions))
        return found


def _during(segments: Sequence[Segment]) -> ColumnElement[bool]:
    span, start = EventTotal.span, EventTotal.start
    return or_(false(), *(and_(span == one.span, start >= one.begin, start < one.end) for one in segments))
