"""Statistics of events for pictures, read from the counts that ingestion keeps."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.events.counts import NO_PORT, day_of
from server_app.events.models import EventCount, EventTarget
from server_app.events.ranks import SEVERITIES
from server_app.sensors.models import Sensor
from server_app.stats.wanted import StatsQuery, points_of, span_of, start_of

type Counted = type[EventCount | EventTarget]


def stats(session: Session, who: Principal, wanted: StatsQuery, now: datetime) -> dict[str, Any]:
    """All pictures at once, as the API's `Stats`, of what the user sees."""
    since = start_of(wanted.window, now)
    narrow = [EventCount.span == span_of(wanted.window), EventCount.start >= since, *_seen(EventCount, who, wanted)]
    points, services, kinds, severities, sensors = _classes(session, narrow)
    days = [EventTarget.start >= day_of(since), *_seen(EventTarget, who, wanted)]
    named = sensors.most_common(wanted.top)
    names = _names(session, [number for number, _ in named])
    return {
        "since": since,
        "events": points.total(),
        "timeline": [{"start": start, "events": points[start]} for start in points_of(wanted.window, now)],
        "services": [{"service": name, "events": count} for name, count in services.most_common()],
        "kinds": [{"kind": name, "events": count} for name, count in kinds.most_common()],
        "severities": [{"severity": SEVERITIES[rank], "events": severities[rank]} for rank in sorted(severities)],
        "sensors": [{"sensor": one, "sensor_name": names.get(one), "events": count} for one, count in named],
        "sources": _sources(session, days, wanted.top),
        "ports": _ports(session, days, wanted.top),
    }


def _classes(session: Session, narrow: list[ColumnElement[bool]]) -> tuple[Counter[Any], ...]:
    """The counts by start, service, kind, severity and sensor, from one pass over the rows."""
    total = func.sum(EventCount.events)
    classes = EventCount.start, EventCount.service, EventCount.kind, EventCount.severity
    found: tuple[Counter[Any], ...] = tuple(Counter() for _ in range(5))
    for *values, count in session.execute(select(*classes, total).where(*narrow).group_by(*classes)):
        for counter, value in zip(found, values, strict=False):
            counter[value] += int(count)
    by_sensor = select(EventCount.sensor_id, total).where(*narrow).group_by(EventCount.sensor_id)
    found[4].update({sensor: int(count) for sensor, count in session.execute(by_sensor)})
    return found


def _sources(session: Session, narrow: list[ColumnElement[bool]], top: int) -> list[dict[str, Any]]:
    source, total = EventTarget.source_ip, func.sum(EventTarget.events)
    query = select(source, total).where(*narrow).group_by(source).order_by(total.desc(), source).limit(top)
    most = {ip: int(count) for ip, count in session.execute(query)}
    # Their sensors by themselves: to count those of all sources, all rows would have to be sorted.
    touched = select(source, func.count(EventTarget.sensor_id.distinct())).where(*narrow, source.in_(most))
    sensors = {ip: count for ip, count in session.execute(touched.group_by(source))}  # noqa: C416 - a Row is a tuple in all but type
    return [{"ip": ip, "events": count, "sensors": sensors.get(ip, 0)} for ip, count in most.items()]


def _ports(session: Session, narrow: list[ColumnElement[bool]], top: int) -> list[dict[str, Any]]:
    total = func.sum(EventTarget.events)
    key = EventTarget.protocol, EventTarget.port
    query = select(*key, total).where(*narrow).group_by(*key).order_by(total.desc(), *key).limit(top)
    return [
        {"protocol": protocol, "port": None if port == NO_PORT else port, "events": int(count)}
        for protocol, port, count in session.execute(query)
    ]


def _names(session: Session, sensors: list[int]) -> dict[int, str]:
    found = session.execute(select(Sensor.id, Sensor.name).where(Sensor.id.in_(sensors)))
    return {number: name for number, name in found}  # noqa: C416 - a Row is a tuple in all but type


def _seen(table: Counted, who: Principal, wanted: StatsQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if who.divisions is not None:
        found.append(table.division_id.in_(who.divisions) if who.divisions else false())
    if wanted.division is not None:
        found.append(table.division_id == wanted.division)
    if wanted.sensor is not None:
        found.append(table.sensor_id == wanted.sensor)
    return found
