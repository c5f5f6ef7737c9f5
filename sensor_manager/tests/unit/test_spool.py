"""The spool keeps what it has acknowledged, whatever happens."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sensor_support.builders import event, uuid7

from sensor_manager.spool import store as store_module
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_wire.v1.event import Severity

SEVERITIES = [Severity.LOW, Severity.INFO, Severity.CRITICAL, Severity.LOW, Severity.HIGH]
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
        store.forget([str(events[1].id), str(uuid7())])
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
    monkeypatch.setattr(store_module, "MAX_QUARANTINED", 2)
    with SpoolStore(tmp_path / "spool.db") as store:
        for number in range(4):
            store.append(event(number))
            store.set_aside(str(uuid7(number)), "bad")
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


def test_damaged_file_is_kept_and_a_new_spool_begun(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with SpoolStore(path) as store:
        store.append(event())
        assert store.report().depth == 1
    assert (tmp_path / "spool.db.damaged").read_bytes().startswith(b"not a database")


def test_unusable_disk_is_told_to_the_caller(tmp_path: Path) -> None:
    with SpoolStore(tmp_path / "spool.db") as store:
        with sqlite3.connect(tmp_path / "spool.db") as other:
            other.execute("DROP TABLE events")
        with pytest.raises(SpoolUnavailableError, match="check the disk"):
            store.append(event())
    with pytest.raises(SpoolUnavailableError, match="state folder"):
        SpoolStore(tmp_path / "missing" / "spool.db")
