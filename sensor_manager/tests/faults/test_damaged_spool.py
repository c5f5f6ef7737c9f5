"""A disk that forgets or changes what it was given: what can be read is delivered as it was, all else is counted."""

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sensor_support.builders import event, uuid7

from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_wire.v1.poll import SpoolReport

pytestmark = pytest.mark.netns
EVENTS, GONE = 150, 20
LATER = 1000
TEXT = "x" * 250
FLIPS, CUTS = 100, 25


@dataclass(frozen=True)
class Spools:
    """What was left by a manager that ended, and by one that was killed: then the last events are in the log alone.

    Attributes:
        bodies: the events that were waiting, as they were accepted, by id.
        last: the one of the last transaction, of which nobody can tell whether a power cut tore it.
    """

    ended: Path
    killed: Path
    bodies: dict[str, str]
    last: str


@pytest.fixture
def spools() -> Iterator[Spools]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        ended, killed = Path(folder) / "ended", Path(folder) / "killed"
        ended.mkdir()
        with SpoolStore(ended / "spool.db") as store:
            for number in range(EVENTS):
                store.append(event(number, summary=f"{number} {TEXT}"))
            store.forget(store.oldest(GONE, 10**9))
            bodies = {each.id: each.body for each in store.oldest(10**6, 10**9)}
            shutil.copytree(ended, killed)
        yield Spools(ended, killed, bodies, str(uuid7(EVENTS - 1)))


def opened(folder: Path) -> tuple[dict[str, str], SpoolReport]:
    """Use a spool as the manager does, which tries again; returns what waits, and what is reported of it."""
    with SpoolStore(folder / "spool.db") as store:
        for _ in range(3):
            with suppress(SpoolUnavailableError):
                store.append(event(LATER))
                found = store.oldest(10**6, 10**9)
                break
        report = store.report()
    present = {each.id: each.body for each in found}
    assert present.pop(str(uuid7(LATER))), "new events are taken, whatever became of the old ones"
    with SpoolStore(folder / "spool.db") as store:
        assert store.report() == report
        assert len(store.oldest(10**6, 10**9)) == report.depth == len(present) + 1
    spool = sqlite3.connect(folder / "spool.db")
    assert spool.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    spool.close()
    return present, report


def sweep(source: Path, name: str, points: int, damage: Callable[[bytes, int], bytes], spools: Spools) -> int:
    """Do damage at many places, each time to a copy; returns in how many cases something was lost."""
    content = (source / name).read_bytes()
    chance, costly = random.Random(1), 0
    for at in sorted(chance.sample(range(len(content)), points)):
        copy = source.with_name(f"damaged at {at}")
        shutil.copytree(source, copy)
        (copy / name).write_bytes(damage(content, at))
        present, report = opened(copy)
        shutil.rmtree(copy)
        missing = spools.bodies.keys() - present.keys() - {spools.last}
        if missing:
            costly += 1
            counted = report.dropped + report.quarantined
            assert counted >= len(missing) or report.damaged, f"{name} at {at}: {len(missing)} lost in silence"
        for identifier, body in present.items():
            assert body == spools.bodies.get(identifier, body), f"{name} at {at}: {identifier} is not what it was"
            assert identifier in body, f"{name} at {at}: {identifier} was never accepted"
    return costly


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1 :]


def truncated(content: bytes, at: int) -> bytes:
    return content[:at]


def test_a_bit_that_changed_anywhere_in_the_file(spools: Spools) -> None:
    assert sweep(spools.ended, "spool.db", FLIPS, flipped, spools) > 0


def test_a_file_that_lost_its_end(spools: Spools) -> None:
    assert sweep(spools.ended, "spool.db", CUTS, truncated, spools) > 0


def test_a_bit_that_changed_in_the_log_of_a_manager_that_was_killed(spools: Spools) -> None:
    """Behind it SQLite sees nothing, and says nothing either."""
    assert sweep(spools.killed, "spool.db-wal", FLIPS, flipped, spools) > 0
