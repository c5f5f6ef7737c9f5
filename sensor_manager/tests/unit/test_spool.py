"""The spool keeps what it has acknowledged, whatever happens."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sensor_support.builders import event, uuid7

from sensor_manager.spool import quarantine as quarantine_module
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_wire.v1.event import Detail, Severity

SEVERITIES = [Severity.LOW, Severity.INFO, Severity.CRITICAL, Severity.LOW, Severity.HIGH]
FIRST_RELEASE = """
CREATE TABLE events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, severity INTEGER NOT NULL,
    size INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""
WRITER = """
import sys, threading
from pathlib import Path
from sensor_manager.spool.store import SpoolStore
from sensor_support.builders import event, uuid7
lock = threading.Lock()
store = SpoolStore(Path(sys.argv[1]))
def write(lane):
    for number in range(10**6):
        made = event(lane * 10**7 + number)
        store.append(made)
        with lock:
            print(made.id, flush=True)
for lane in range(1, 4):
    threading.Thread(target=write, args=(lane,)).start()
"""


def test_stored_in_order_and_forgotten_by_id(tmp_path: Path) -> None:
    with SpoolStore(tmp_path / "spool.db") as store:
        events = [event(number) for number in range(5)]
        for each in events:
            store.append(each)
        store.append(events[0])
        assert [each.id for each in store.oldest(3, 10**6)] == [str(each.id) for each in events[:3]]
        assert len(store.oldest(5, 1)) == 1
        second = store.oldest(5, 10**6)[1]
        store.forget([second, replace(second, sequence=4)])
        report = store.report()
    assert report.depth == 4
    assert report.bytes == sum(len(each.model_dump_json()) for each in events if each is not events[1])
    with SpoolStore(tmp_path / "spool.db") as reopened:
        assert reopened.report() == report


def test_least_severe_then_oldest_give_way_and_are_counted(tmp_path: Path) -> None:
    size = len(event(1, severity=Severity.CRITICAL).model_dump_json())
    with SpoolStore(tmp_path / "spool.db", bound=size * 3) as store:
        for number, severity in enumerate(
            [Severity.LOW, Severity.INFO, Severity.CRITICAL, Severity.LOW, Severity.HIGH]
        ):
            store.append(event(number, severity=severity))
        kept = [each.id for each in store.oldest(10, 10**6)]
        report = store.report()
    assert kept == [str(uuid7(number)) for number in (2, 3, 4)]
    assert report.dropped == 2
    assert report.bytes <= size * 3


def test_quarantine_is_bounded_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine_module, "MAX_EVENTS", 2)
    with SpoolStore(tmp_path / "spool.db") as store:
        for number in range(4):
            store.append(event(number))
            store.set_aside(store.oldest(1, 1)[0], "bad")
        assert store.report().quarantined == 4
        assert store.report().depth == 0
    rows = sqlite3.connect(tmp_path / "spool.db").execute("SELECT id, reason FROM quarantine").fetchall()
    assert rows == [(str(uuid7(2)), "bad"), (str(uuid7(3)), "bad")]


@pytest.mark.parametrize("acknowledged", [1, 20, 57, 200])
def test_killed_at_any_time_loses_no_acknowledged_event(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "spool.db"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as writer:
        assert writer.stdout is not None
        known = [writer.stdout.readline().strip() for _ in range(acknowledged)]
        writer.send_signal(signal.SIGKILL)
        known += [line.strip() for line in writer.stdout if line.endswith("\n")]
    with SpoolStore(path) as store:
        kept = {each.id for each in store.oldest(10**6, 10**9)}
        report = store.report()
    assert set(known) <= kept
    assert report.depth == len(kept)


def append_many(store: SpoolStore, lane: int) -> None:
    for number in range(25):
        store.append(event(lane * 100 + number))


def test_many_writers_share_commits(tmp_path: Path) -> None:
    with SpoolStore(tmp_path / "spool.db") as store:
        lanes = [threading.Thread(target=append_many, args=(store, lane)) for lane in range(8)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        assert store.report().depth == 200


def broken_header(content: bytes) -> bytes:
    return b"not a database" + content[14:]


def broken_page(content: bytes) -> bytes:
    return content[:40_000] + bytes(4096) + content[44_096:]


def broken_index(content: bytes) -> bytes:
    """Another page where the index over the ids begins, by what the file's own schema says."""
    spool = sqlite3.connect(":memory:")
    spool.deserialize(
        content[:18] + b"\1\1" + content[20:]
    )  # the rollback journal's version, which needs no second file
    (page,) = spool.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_events_1'").fetchone()
    return content[: (page - 1) * 4096] + bytes(4096) + content[page * 4096 :]


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (broken_header, 0),
        (broken_page, 85),
        (broken_index, 100),
        (lambda content: content[:60_000], 1),
        (lambda _: b"", 0),
    ],
    ids=["header", "page", "index", "truncated", "empty"],
)
def test_damaged_file_is_set_aside_what_it_holds_taken_over_and_the_rest_counted(
    tmp_path: Path, damage: Callable[[bytes], bytes], kept: int
) -> None:
    path = tmp_path / "spool.db"
    with SpoolStore(path) as store:
        for number in range(100):
            store.append(event(number, summary="x" * 250))
        store.set_aside(store.oldest(1, 1)[0], "bad")
        store.append(event(100))
    path.write_bytes(damage(path.read_bytes()))
    damaged = path.read_bytes()
    with SpoolStore(path) as store:
        store.append(event(101))
        report = store.report()
        waiting = {each.id for each in store.oldest(1000, 10**9)}
        assert report.depth == len(waiting) >= kept + 1
        assert report.damaged == 1
        if kept:
            assert report.dropped == 101 - report.depth
            assert report.quarantined == 1
    assert (tmp_path / "spool.db.damaged").stat().st_size == len(damaged)
    with SpoolStore(path) as store:
        assert store.report() == report


def test_damage_noticed_while_running_is_dealt_with_at_once(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with SpoolStore(path) as store:
        for number in range(300):  # more than SQLite keeps in memory
            store.append(event(number, details=[Detail(time=datetime.now(UTC), kind="input", data="x" * 4000)] * 4))
    with SpoolStore(path) as store:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(path.stat().st_size - 4096))
        with pytest.raises(SpoolUnavailableError):
            store.oldest(300, 10**9)
        store.append(event(1000))
        assert store.report().damaged == 1
        assert store.oldest(1000, 10**9)[-1].id == str(uuid7(1000))


def test_event_that_changed_on_the_disk_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with SpoolStore(path) as store:
        for number in range(3):
            store.append(event(number, summary=f"number {number} came"))
    path.write_bytes(path.read_bytes().replace(b"number 1 came", b"number \xff came"))
    with SpoolStore(path) as store:
        assert [each.id for each in store.oldest(10, 10**6)] == [str(uuid7(0)), str(uuid7(2))]
        assert (store.report().quarantined, store.report().depth, store.report().damaged) == (1, 2, 0)


def test_spool_of_the_first_release_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    old = sqlite3.connect(path)
    old.executescript(FIRST_RELEASE)
    for number in range(3):
        body = event(number).model_dump_json()
        old.execute("INSERT INTO events (id, severity, size, body) VALUES (?, 0, ?, ?)", (f"{number}", len(body), body))
    old.execute("INSERT INTO counters VALUES ('dropped', 5)")
    old.commit()
    old.close()
    with SpoolStore(path) as store:
        store.append(event(3))
        report = store.report()
        assert (report.depth, report.dropped, report.quarantined, report.damaged) == (4, 5, 0, 0)
        assert len(store.oldest(10, 10**6)) == 4


def test_one_bad_change_fails_alone(tmp_path: Path) -> None:
    with SpoolStore(tmp_path / "spool.db") as store:
        entered, go_on = threading.Event(), threading.Event()

        def block(_: sqlite3.Connection) -> None:
            entered.set()
            go_on.wait()

        with ThreadPoolExecutor(4) as pool:
            pool.submit(store._writer.run, block)
            entered.wait()
            good = [pool.submit(store.append, event(number)) for number in range(2)]
            bad = pool.submit(store._writer.run, lambda connection: connection.execute("nonsense"))
            go_on.set()
            with pytest.raises(SpoolUnavailableError):
                bad.result()
            for each in good:
                each.result()
        assert store.report().depth == 2


def test_unusable_disk_is_told_to_the_caller(tmp_path: Path) -> None:
    with SpoolStore(tmp_path / "spool.db") as store:
        with sqlite3.connect(tmp_path / "spool.db") as other:
            other.execute("DROP TABLE events")
        with pytest.raises(SpoolUnavailableError, match="check the disk"):
            store.append(event())
    with pytest.raises(SpoolUnavailableError, match="state folder"):
        SpoolStore(tmp_path / "missing" / "spool.db")
