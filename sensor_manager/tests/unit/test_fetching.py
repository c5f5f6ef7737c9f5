"""Several images at once, on a disk that has room for one after the other or for all."""

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, override

import pytest
from sensor_support.builders import PATIENCE, eventually
from sensor_support.images import describe
from sensor_support.mini_server import MiniServer, mini_server
from structlog.testing import capture_logs

from sensor_manager.effects.errors import EffectError
from sensor_manager.fetching import ImageFetcher
from sensor_manager.plan.pulling import MIB, RESERVE
from sensor_manager.platforms.in_memory import MemoryEngine
from sensor_manager.server.client import ServerClient
from sensor_manager.server.identity import certificate_request, make_key
from sensor_wire.v1.architecture import Architecture

SIZE = 10 * MIB
ROOM = 4 * SIZE
"""What the planner expects of such a layer; it takes but half of that."""


class Disk(MemoryEngine):
    """An engine with a disk of so many bytes, whose pulls go on when they are let.

    Attributes:
        least: the fewest bytes that were ever free.
        most: how many pulls there were at once.
    """

    def __init__(self, free: int) -> None:
        super().__init__()
        self.free = self.least = free
        self.most = self.pulls = 0
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    @override
    def free_bytes(self) -> int:
        return self.free

    @override
    def pull(self, reference: str) -> Iterator[Mapping[str, Any]]:
        self.pulls += 1
        self.most = max(self.most, self.pulls)
        self.began.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        self.free -= ROOM // 2
        self.least = min(self.least, self.free)
        yield from super().pull(reference)
        self.pulls -= 1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MiniServer]:
    with mini_server(tmp_path) as made:
        yield made


def fetcher(engine: Disk, server: MiniServer, folder: Path) -> ImageFetcher:
    authorities, key, certificate = (folder / name for name in ("ca.crt", "sensor.key", "sensor.crt"))
    authorities.write_text(server.authority.chain)
    make_key(key)
    certificate.write_text(server.authority.sign_sensor(certificate_request(key, 7), 7))
    return ImageFetcher(engine, lambda: ServerClient(server.url, authorities, (certificate, key)), Architecture.AMD64)


def references(server: MiniServer, count: int) -> list[str]:
    return [f"{server.address}/test/{name}@{describe(server, name, SIZE)}" for name in "abcd"[:count]]


def waits(logs: list[MutableMapping[str, Any]]) -> bool:
    return any("a pull waits" in each["event"] for each in logs)


@pytest.mark.parametrize(("rooms", "at_once"), [(1.5, 1), (2, 2)])
def test_pulls_wait_for_the_room_that_others_may_take(
    server: MiniServer, tmp_path: Path, rooms: float, at_once: int
) -> None:
    engine = Disk(RESERVE + int(rooms * ROOM))
    fetch = fetcher(engine, server, tmp_path).fetch
    with ThreadPoolExecutor(2) as pool, capture_logs() as logs:
        pulls = [pool.submit(fetch, each, lambda _: None) for each in references(server, 2)]
        for _ in range(at_once):
            assert engine.began.acquire(timeout=PATIENCE)
        assert at_once == 2 or eventually(lambda: waits(logs), "the other waits")
        engine.go_on.release(2)
        for each in pulls:
            each.result(PATIENCE)
    assert engine.most == at_once
    assert engine.least >= RESERVE
    assert len(engine.images([server.address])) == 2, "both have come in the end"


def test_what_is_too_large_when_its_turn_comes_is_refused(server: MiniServer, tmp_path: Path) -> None:
    engine = Disk(RESERVE + ROOM)
    fetch = fetcher(engine, server, tmp_path).fetch
    with ThreadPoolExecutor(2) as pool, capture_logs() as logs:
        pulls = [pool.submit(fetch, each, lambda _: None) for each in references(server, 2)]
        eventually(lambda: waits(logs), "one waits for the other")
        engine.go_on.release(2)
        errors = [each.exception(PATIENCE) for each in pulls]
    (refused,) = [each for each in errors if each is not None]
    assert isinstance(refused, EffectError)
    assert "are free" in str(refused)
    assert engine.least >= RESERVE
