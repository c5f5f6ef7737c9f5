"""A full disk: what is acknowledged stays, the server can still be given it, and the spool recovers by itself."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sensor_support.builders import event, eventually, uuid7

from sensor_manager.spool.store import SpoolStore, SpoolUnavailableError

pytestmark = pytest.mark.netns
BALLAST = 1024 * 1024
TEXT = "x" * 250


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Be somebody else who takes all the room there is."""
    with (disk / "foreign").open("wb", buffering=0) as file, suppress(OSError):
        for size in (65536, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


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
        (disk / "foreign").unlink()
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
