"""Statistics of events for pictures, read from the totals that the worker keeps and from what came after them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server_app.accounts.principal import Principal
from server_app.counting import service as counting
from server_app.counting.increments import source_of
from server_app.counting.models import Picture
from server_app.events.addresses import text_of
from server_app.events.ranks import SEVERITIES
from server_app.sensors.models import Sensor
from server_app.stats.fresh import Fresh, fresh_of
from server_app.stats.scope import scope_of
from server_app.stats.totals import Totals
from server_app.stats.wanted import Segment, StatsQuery, segments_of, timeline_of, whole_days_of

FEW = Picture.SERVICE, Picture.KIND, Picture.SEVERITY


def stats(session: Session, who: Principal, wanted: StatsQuery, now: datetime) -> dict[str, Any]:
    """All pictures at once, as the API's `Stats`, of what the user sees.

    Args:
        session: one that sees a single moment: what is counted meanwhile would be seen twice.
        who: the user.
        wanted: which part, and how far back.
        now: the end.
    """
    scope = scope_of(session, who, wanted)
    totals, fresh = Totals(session, scope), fresh_of(session, scope)
    line = timeline_of(wanted.window, now)
    weeks = counting.weeks(session)
    segments, days = segments_of(wanted.window, now, weeks), whole_days_of(wanted.window, now, weeks)
    points = fresh.timeline(line) + Counter(totals.timeline(line))
    classes = totals.classes(FEW, segments)
    services, kinds, severities = (classes[picture] + fresh.keys(picture, segments) for picture in FEW)
    if wanted.sensor is None:
        sensors = totals.most(Picture.SENSOR, segments, wanted.top, fresh.keys(Picture.SENSOR, segments))
    else:
        sensors = {str(wanted.sensor): points.total()} if points else {}
    names = _names(session, [int(key) for key in sensors])
    ports = totals.most(Picture.PORT, days, wanted.top, fresh.keys(Picture.PORT, days))
    return {
        "since": line.begin,
        "events": points.total(),
        "timeline": [{"start": start, "events": points[start]} for start in line.starts()],
        "services": [{"service": name, "events": count} for name, count in services.most_common()],
        "kinds": [{"kind": name, "events": count} for name, count in kinds.most_common()],
        "severities": [{"severity": SEVERITIES[int(rank)], "events": severities[rank]} for rank in sorted(severities)],
        "sensors": [
            {"sensor": int(key), "sensor_name": names.get(int(key)), "events": count} for key, count in sensors.items()
        ],
        "sources": _sources(totals, fresh, days, wanted.top),
        "ports": [_port(key, count) for key, count in ports.items()],
    }


def _sources(totals: Totals, fresh: Fresh, days: Sequence[Segment], top: int) -> list[dict[str, Any]]:
    found = totals.most(Picture.SOURCE, days, top, fresh.keys(Picture.SOURCE, days))
    sensors = Counter(totals.touched(found, days))
    pairs = {pair for pair in fresh.touched(days) if pair[0] in found}
    sensors.update(source for source, _ in pairs - totals.pairs(pairs, days))
    return [{"ip": text_of(source_of(key)), "events": count, "sensors": sensors[key]} for key, count in found.items()]


def _port(key: str, events: int) -> dict[str, Any]:
    protocol, _, port = key.partition(":")
    return {"protocol": protocol, "port": int(port) or None, "events": events}


def _names(session: Session, sensors: list[int]) -> dict[int, str]:
    found = session.execute(select(Sensor.id, Sensor.name).where(Sensor.id.in_(sensors)))
    return {number: name for number, name in found}  # noqa: C416 - a Row is a tuple in all but type
