"""How the database puts sessions together from batches in any order."""

from random import Random

import pytest
from event_builder import event
from server_bench import Bench


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
