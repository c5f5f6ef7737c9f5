"""A full disk: what is acknowledged stays, the server can still be given it, and the sensor recovers by itself."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sensor_support.builders import event, eventually, uuid7
from sensor_support.dummy_manager import applied, dummy_manager, want
from sensor_support.full_disk import empty, fill, small_disk
from sensor_support.mini_server import mini_server

from sensor_manager.kept_trials import load_trials
from sensor_manager.plan.way import Connection
from sensor_manager.server.desired_store import load_desired
from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError
from sensor_wire.v1.network import Network, NetworkMode
from sensor_wire.v1.poll import ConnectionState

pytestmark = pytest.mark.netns
BALLAST = 1024 * 1024
TEXT = "x" * 250


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", megabytes=8) as made:
        yield made


def append_until_refused(store: SpoolStore, first: int = 0) -> set[str]:
    """Return the ids of what was acknowledged."""
    stored: set[str] = set()
    with suppress(SpoolUnavailableError):
        for number in range(first, first + 100_000):
            store.append(event(number, summary=TEXT))
            stored.add(str(uuid7(number)))
    return stored


def drain(store: SpoolStore) -> set[str]:
    """Do what the uploader does; fails when a deletion does."""
    found: set[str] = set()
    while batch := store.oldest(50, 10**6):
        store.forget(batch)
        found |= {each.id for each in batch}
    return found


def test_filled_by_somebody_else_it_can_be_emptied_and_goes_on(disk: Path) -> None:
    with SpoolStore(disk / "spool.db", ballast=BALLAST) as store:
        for number in range(2000):
            store.append(event(number, summary=TEXT))
        fill(disk)
        stored = {str(uuid7(number)) for number in range(2000)} | append_until_refused(store, 2000)
        fill(disk)
        with pytest.raises(SpoolUnavailableError):
            store.append(event(100_000))
        assert drain(store) == stored
        assert store.report().depth == 0
        assert len(append_until_refused(store, 200_000)) > 500, "what is gone has left room in the file"
        empty(disk)
        store.append(event(100_001))
        assert (disk / "spool.db.ballast").stat().st_size == BALLAST
        assert store.report().dropped == store.report().damaged == 0


def test_filled_before_the_start_it_can_be_emptied(disk: Path) -> None:
    with SpoolStore(disk / "spool.db", ballast=BALLAST) as store:
        for number in range(200):
            store.append(event(number, summary=TEXT))
    fill(disk)
    with SpoolStore(disk / "spool.db", ballast=BALLAST) as store:
        eventually(lambda: store.report().depth == 200, "opened after all")
        assert len(drain(store)) == 200


def test_filled_by_the_spool_itself_nothing_is_lost(disk: Path) -> None:
    with SpoolStore(disk / "spool.db", ballast=BALLAST) as store:
        stored = append_until_refused(store)
        assert len(stored) > 2000
        assert drain(store) == stored
        stored = append_until_refused(store, 200_000)
        assert len(stored) > 2000, "the room is used again"
    with SpoolStore(disk / "spool.db", ballast=BALLAST) as store:
        assert drain(store) == stored
        assert store.report().dropped == 0


def test_the_manager_starts_on_a_full_disk_and_does_what_would_free_it(tmp_path: Path, disk: Path) -> None:
    static = Network(mode=NetworkMode.STATIC, address="192.0.2.5", prefix=24)
    with mini_server(tmp_path) as server:
        (tmp_path / "sensor.json").write_text(server.config().model_dump_json())
        want(server, "cowrie", "recon")
        with dummy_manager(tmp_path, state=disk, runtime=Path("run")):
            eventually(lambda: applied(server), "all is as desired while there is room")
            fill(disk)
            want(server, "cowrie", network=static)
            eventually(lambda: applied(server), "what needs less room is done without any")
        kept = load_desired(disk / "desired.json")
        assert kept is not None
        assert kept.desired.generation == 1, "the disk was full"
        want(server, network=static)
        server.reports.clear()
        with dummy_manager(tmp_path, state=disk, runtime=Path("run")) as process:
            eventually(lambda: applied(server), "it starts, too, and takes what it has not kept")
            assert process.poll() is None
            connection = server.reports[-1].connection
            assert connection is not None
            assert connection.state is not ConnectionState.UNDONE
            empty(disk)
            eventually(
                lambda: (kept := load_desired(disk / "desired.json")) and kept.desired == server.desired,
                "what is desired comes to disk as soon as there is room",
            )
            tried = Connection(network=static)
            eventually(lambda: load_trials(disk / "connection.json").current == tried, "the connection, too")
