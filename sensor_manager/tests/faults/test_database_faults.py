"""The server's PostgreSQL is killed, has no room or is replaced while sensors upload: each event is there once."""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from fragile_postgres import fragile_postgres, standby_of, url_of
from sensor_support.adapters import Adapters
from sensor_support.builders import eventually
from sensor_support.event_path import EventPath, event_path

pytestmark = pytest.mark.postgres
LANES = 16
KILLS = 6
EVENTS = 4_800
DISK = "160m"
"""Room for a new cluster with all of our tables, and as much again."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system for PostgreSQL's data and write-ahead log."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Be somebody else who takes all the room there is; returns what to remove to make room."""
    foreign = disk / "foreign"
    with foreign.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return foreign


def acknowledged_by(path: EventPath, events: int, first: int = 0) -> Adapters:
    """Honeypots that have so many events."""
    return Adapters(path.socket, LANES, events // LANES, first=first)


def test_killed_in_the_middle_of_transactions(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    with fragile_postgres(tmp_path / "cluster") as database, event_path(tmp_path, database.url) as path:
        adapters = acknowledged_by(path, EVENTS)
        for killed in range(1, KILLS + 1):
            goal = killed * EVENTS // (KILLS + 1)
            eventually(partial(adapters.have_handed_over, goal), f"{goal} events")
            if killed % 3:
                database.kill_one_at_work()
            else:
                database.kill()
        eventually(lambda: not adapters.alive(), "all events are acknowledged")
        path.assert_each_is_there_once(adapters.acknowledged)
        path.assert_it_asked_for_patience()
        path.assert_all_of_it_works()
        assert "was terminated by signal 9" in database.log()


def test_no_room_on_its_disk(tmp_path: Path, disk: Path) -> None:
    with fragile_postgres(disk) as database, event_path(tmp_path, database.url) as path:
        before = acknowledged_by(path, EVENTS // 4)
        eventually(lambda: not before.alive(), "events are taken")
        eventually(lambda: path.waiting == 0, "they are with the server")
        foreign = fill(disk)
        adapters = acknowledged_by(path, EVENTS // 2, LANES)
        eventually(lambda: "No space left on device" in database.log(), "there is no room for a table")
        database.try_sql("SELECT pg_switch_wal()")
        eventually(lambda: "PANIC" in database.log(), "there is no room for the write-ahead log")
        eventually(lambda: not adapters.alive(), "honeypots go on")
        answer = eventually(lambda: told_to_wait(path), "people are told, too")
        assert b"space" not in answer
        assert path.waiting > 0
        foreign.unlink()
        path.assert_each_is_there_once(before.acknowledged | adapters.acknowledged)
        path.assert_it_asked_for_patience()
        path.assert_all_of_it_works()


def told_to_wait(path: EventPath) -> bytes | None:
    """What somebody with a browser is told by a server that cannot now."""
    answer = path.server.call("GET", "/sensors")
    return answer.content if answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0 else None


def test_replaced_by_its_standby(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with (
        fragile_postgres(tmp_path / "first") as primary,
        standby_of(primary, tmp_path / "second") as standby,
        event_path(tmp_path, url_of(primary, standby)) as path,
    ):
        adapters = acknowledged_by(path, EVENTS)
        eventually(lambda: adapters.have_handed_over(EVENTS // 3), "a third of the events")
        primary.remove()
        eventually(lambda: path.line.unavailable, "there is no database that takes anything")
        standby.sql("SELECT pg_promote()")
        eventually(lambda: not adapters.alive(), "all events are acknowledged")
        path.assert_each_is_there_once(adapters.acknowledged)
        path.assert_it_asked_for_patience()
        path.assert_all_of_it_works()
        assert standby.sql("SELECT pg_is_in_recovery()") == "f"
