"""No acknowledged event is lost, wherever in the spool's write path the process dies or the disk fails."""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sensor_support.spool_victim import BALLAST, EVENTS
from sensor_support.straced import Promises, victims

from sensor_manager.spool.store import SpoolStore

pytestmark = pytest.mark.netns
CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink")
WRITES = ("pwrite64", "fdatasync")
KILL = "signal=SIGKILL"
ERRORS = ("EIO", "ENOSPC")
AT_LEAST = 250


def kept_its_promises(path: Path, promises: Promises) -> set[str]:
    """Return the events that are there; fail if one is missing or the file is not sound."""
    with SpoolStore(path, ballast=BALLAST) as store:
        present = {each.id for each in store.oldest(10**6, 10**9)}
        report = store.report()
    missing = promises.acknowledged - promises.deleting - present
    assert not missing, f"{len(missing)} lost"
    assert (report.depth, report.damaged, report.dropped) == (len(present), 0, 0)
    spool = sqlite3.connect(path)
    assert spool.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    spool.close()
    return present


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory: what fails is decided here, and a disk would only take its time for each run."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_at_every_system_call_of_the_write_path(memory: Path) -> None:
    with victims() as victim:
        trace = memory / "trace"
        promises = victim.run(memory / "spool.db", EVENTS, "-o", str(trace), "-e", f"trace={','.join(CALLS)}")
        assert len(promises.acknowledged) == EVENTS
        present = kept_its_promises(memory / "spool.db", promises)
        assert len(present) == EVENTS - len(promises.deleting) > 0
        counts = Counter(call for line in trace.read_text().splitlines() for call in CALLS if f" {call}(" in line)
        kills = [(call, number, KILL) for call in CALLS for number in range(1, counts[call] + 1)]
        errors = [(call, number, f"error={error}") for call, number, _ in kills if call in WRITES for error in ERRORS]
        assert len(kills) >= AT_LEAST
        for call, number, fault in (*kills, *errors):
            folder = memory / f"{call}-{number}-{fault}"
            folder.mkdir()
            promises = victim.run(
                folder / "spool.db", EVENTS, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}"
            )
            try:
                kept_its_promises(folder / "spool.db", promises)
                if fault != KILL:
                    assert len(promises.acknowledged) == EVENTS, "a single error of the disk costs a retry, no more"
            except AssertionError as error:
                raise AssertionError(f"{fault} at {call} number {number}: {error}") from error
