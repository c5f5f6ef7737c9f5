"""What batches add to the counts, and what the database makes of it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random

import pytest
from event_builder import event
from hypothesis import given
from hypothesis import strategies as st
from server_bench import Bench, SensorClient
from sqlalchemy import func, select

from server_app.events.counts import DAY, HOUR, counted, day_of, hour_of
from server_app.events.models import EventCount, EventTarget

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
COLUMNS = st.builds(
    lambda time, service, port: {
        "time": time,
        "sensor_id": 1,
        "division_id": 1,
        "service": service,
        "kind": "login",
        "severity": 1,
        "source_ip": "192.0.2.1",
        "protocol": "tcp",
        "destination_port": port,
    },
    MOMENTS,
    st.sampled_from(["cowrie", "recon"]),
    st.none() | st.integers(1, 3),
)


@given(events=st.lists(COLUMNS, max_size=20))
def test_every_event_is_counted_in_its_hour_its_day_and_for_its_target(events: list[dict[str, object]]) -> None:
    classes, targets = counted(events)
    for span in (HOUR, DAY):
        assert sum(row["events"] for row in classes if row["span"] == span) == len(events)
    assert sum(row["events"] for row in targets) == len(events)


@given(moment=MOMENTS)
def test_hours_and_days_begin_at_or_before_the_moment(moment: datetime) -> None:
    assert 0 <= (moment - hour_of(moment)).total_seconds() < 3600
    assert 0 <= (moment - day_of(moment)).total_seconds() < 86400
    assert day_of(moment).hour == 0


def test_counts_are_right_under_many_uploads_at_once(bench: Bench) -> None:
    sensors = [bench.sensor(name) for name in ("one", "two")]
    events = [event(number * 300, service=("cowrie", "recon")[number % 2]) for number in range(60)]

    def upload(sensor: SensorClient, part: int) -> None:
        client = SensorClient(bench.app.test_client(), sensor.id, sensor.key, sensor.certificate)
        shuffled = [*events[part * 10 : part * 10 + 20]]  # overlaps the next
        Random(part).shuffle(shuffled)
        assert client.upload(shuffled).status_code == 200

    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(upload, sensor, part) for part in range(5) for sensor in sensors]
        for job in jobs:
            job.result()

    with bench.database.reading() as session:
        sums = session.execute(
            select(EventCount.span, EventCount.sensor_id, func.sum(EventCount.events)).group_by(
                EventCount.span, EventCount.sensor_id
            )
        )
        assert {(span, sensor): total for span, sensor, total in sums} == {
            (span, sensor.id): 60 for span in (HOUR, DAY) for sensor in sensors
        }
        hours = session.execute(
            select(EventCount.start, func.sum(EventCount.events))
            .where(EventCount.span == HOUR, EventCount.sensor_id == sensors[0].id)
            .group_by(EventCount.start)
        )
        by_hour = {start: int(total) for start, total in hours}
        assert session.scalar(select(func.sum(EventTarget.events))) == 120
    assert by_hour == Counter(hour_of(datetime.fromisoformat(item["time"])) for item in events)


@pytest.mark.parametrize("seed", range(4))
def test_the_database_merges_sessions_as_the_pure_rollup_does(bench: Bench, seed: int) -> None:
    """However the events of a session are cut into uploads and in whatever order, its row is the same."""
    random = Random(seed)
    kinds = ["connection", "login", "command", "closed", "scan", "file"]
    events = [
        event(
            second,
            kind=random.choice(kinds),
            severity=random.choice(["info", "low", "high"]),
            summary=f"event {second}",
            source={"ip": f"192.0.2.{second}", "port": second + 1},
        )
        for second in range(12)
    ]
    whole, portions = bench.sensor("whole"), bench.sensor("portions")
    whole.upload(events)
    mixed = [*events]
    random.shuffle(mixed)
    while mixed:
        size = random.randint(1, 4)
        portions.upload(mixed[:size])
        mixed = mixed[size:]
    one, other = bench.admin.ok("GET", "/events/sessions")["items"]
    apart = {"id", "sensor", "sensor_name"}
    assert {key: one[key] for key in one.keys() - apart} == {key: other[key] for key in other.keys() - apart}
    assert one["events"] == 12
