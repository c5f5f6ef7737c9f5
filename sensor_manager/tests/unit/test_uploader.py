"""Uploads against a real TLS server that misbehaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sensor_support.builders import event, eventually, uuid7
from sensor_support.mini_server import MiniServer, mini_server

from sensor_manager.server.client import ServerClient
from sensor_manager.server.identity import certificate_request, make_key
from sensor_manager.spool import uploader as uploader_module
from sensor_manager.spool.store import SpoolStore
from sensor_manager.spool.uploader import Uploader


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MiniServer]:
    with mini_server(tmp_path) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SpoolStore]:
    with SpoolStore(tmp_path / "spool.db", on_append=lambda: None) as made:
        yield made


@pytest.fixture
def uploader(
    tmp_path: Path, server: MiniServer, store: SpoolStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Uploader]:
    monkeypatch.setattr(uploader_module, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(uploader_module, "MAX_DELAY", 0.1)
    authorities, key, certificate = (tmp_path / name for name in ("ca.crt", "sensor.key", "sensor.crt"))
    authorities.write_text(server.authority.chain)
    make_key(key)
    certificate.write_text(server.authority.sign_sensor(certificate_request(key, 7), 7))
    made = Uploader(store, lambda: ServerClient(server.url, authorities, (certificate, key), read_timeout=0.5))
    made.start()
    yield made
    made.stop()
    made.join(5)


def fill(store: SpoolStore, count: int) -> None:
    for number in range(count):
        store.append(event(number))


def drained(store: SpoolStore) -> bool:
    return store.report().depth == 0


@pytest.mark.parametrize(
    "faults",
    [
        *([], [500], [503, 502, 429], ["hang"], ["partial", "partial"], ["garbage"], ["page"] * 3, [401, 403, 404]),
        [500, "partial", "hang", "garbage"],
    ],
    ids=str,
)
def test_all_arrive_once_whatever_the_server_does(
    faults: list[int | str], server: MiniServer, store: SpoolStore, uploader: Uploader
) -> None:
    server.faults.extend(faults)
    fill(store, 120)
    uploader.wake()
    eventually(lambda: drained(store), "the spool is empty")
    assert server.events.keys() == {str(uuid7(number)) for number in range(120)}
    assert store.report().quarantined == 0


def test_answer_lost_after_storing_leads_to_a_duplicate_that_is_accepted(
    server: MiniServer, store: SpoolStore, uploader: Uploader
) -> None:
    server.faults.append("partial")
    fill(store, 10)
    uploader.wake()
    eventually(lambda: drained(store), "the spool is empty")
    assert max(server.copies.values()) == 2
    assert len(server.events) == 10


def test_rejected_item_is_set_aside_and_blocks_nothing(
    server: MiniServer, store: SpoolStore, uploader: Uploader
) -> None:
    fill(store, 3)
    store.append(event(77, summary="reject me"))
    uploader.wake()
    eventually(lambda: drained(store), "the spool is empty")
    assert store.report().quarantined == 1
    assert len(server.events) == 3


def test_poison_that_spoils_its_whole_batch_is_found(server: MiniServer, store: SpoolStore, uploader: Uploader) -> None:
    server.poison = {str(uuid7(13))}
    fill(store, 60)
    uploader.wake()
    eventually(lambda: drained(store), "the spool is empty")
    assert store.report().quarantined == 1
    assert server.events.keys() == {str(uuid7(number)) for number in range(60)} - server.poison


def test_events_that_break_the_server_are_set_aside_once_others_have_passed(
    server: MiniServer, store: SpoolStore, uploader: Uploader
) -> None:
    server.breaking = {str(uuid7(0)), str(uuid7(30)), str(uuid7(31))}
    fill(store, 60)
    uploader.wake()
    eventually(lambda: drained(store), "the spool is empty")
    assert store.report().quarantined == 3
    assert server.events.keys() == {str(uuid7(number)) for number in range(60)} - server.breaking


def test_a_server_that_breaks_at_everything_costs_no_event(
    server: MiniServer, store: SpoolStore, uploader: Uploader
) -> None:
    server.breaking = {str(uuid7(number)) for number in range(60)}
    fill(store, 60)
    uploader.wake()
    eventually(lambda: uploader._failures > 8, "it has failed at single events too")
    server.breaking = set()
    eventually(lambda: drained(store), "the spool is empty")
    assert store.report().quarantined == 0
    assert len(server.events) == 60


def test_batches_fit_the_limit_of_what_is_between(server: MiniServer, store: SpoolStore, uploader: Uploader) -> None:
    server.most_items = 7
    fill(store, 100)
    uploader.wake()
    eventually(lambda: drained(store), "the spool is empty")
    assert len(server.events) == 100
    assert store.report().quarantined == 0


def test_returning_server_ends_the_patience(
    server: MiniServer, store: SpoolStore, uploader: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploader_module, "FIRST_DELAY", 3600.0)
    monkeypatch.setattr(uploader_module, "MAX_DELAY", 3600.0)
    server.faults.append(503)
    fill(store, 1)
    uploader.wake()
    eventually(lambda: not server.faults, "the server has refused")

    def arrived() -> bool:
        uploader.server_is_back()
        return drained(store)

    eventually(arrived, "the event arrives all the same")
