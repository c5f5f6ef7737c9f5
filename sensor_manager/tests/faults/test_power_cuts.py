"""Whatever a power cut leaves of the writes that were under way, no acknowledged event is lost."""

import random
from pathlib import Path

import pytest
from sensor_support.power_cut import RECORD, Disk, recorded
from sensor_support.spool_victim import BALLAST
from sensor_support.straced import Promises, victims

from sensor_manager.spool.store import SpoolStore

pytestmark = pytest.mark.netns
EVENTS = 150
CUTS = 100
SHARES = (0.0, 0.5, 0.95)
"""Of the writes that were not synced: none, half, nearly all have reached the disk."""


def test_a_hundred_power_cuts(tmp_path: Path) -> None:
    scene = tmp_path / "recorded"
    scene.mkdir()
    with victims() as victim:
        whole = victim.run(scene / "spool.db", EVENTS, *RECORD, "-o", str(tmp_path / "trace"))
    assert len(whole.acknowledged) == EVENTS
    calls = recorded(tmp_path / "trace", scene)
    chance = random.Random(1)
    disk, log, before, survived, waited = Disk(), "", 0, 0, 0
    for cut in sorted(chance.sample(range(1, len(calls) + 1), CUTS)):
        log += "".join(call.data.decode() for call in calls[before:cut] if call.path == "spool.db.log")
        disk.follow(call for call in calls[before:cut] if call.path != "spool.db.log")
        before = cut
        promises = Promises.of(log.splitlines())
        for share in SHARES:
            left = tmp_path / f"{cut}-{share}"
            left.mkdir()
            disk.leave(left, chance, share)
            with SpoolStore(left / "spool.db", ballast=BALLAST) as store:
                present = {each.id for each in store.oldest(10**6, 10**9)}
                report = store.report()
            assert promises.acknowledged - promises.deleting <= present, f"lost at {cut} with {share} of the writes"
            assert (report.damaged, report.dropped, report.depth) == (0, 0, len(present)), f"{cut} {share}"
            waited += len(present)
        survived += 1
    assert survived == CUTS
    assert waited > CUTS * EVENTS / 4, "the cuts came when there was something to lose"
