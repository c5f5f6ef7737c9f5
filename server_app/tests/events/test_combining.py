"""What comes while somebody is at work is done together, and what is wrong with one is no other's harm."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from event_builder import event
from made_up_sensor import proof_of
from patience import PATIENCE
from server_bench import Bench, SensorClient

from server_app.combining import Combiner
from server_app.context import KEY
from server_app.db import now
from server_app.errors import Forbidden
from server_app.events.service import Intake


class Work:
    """Doubles numbers, all or none; waits with the first until it may go on."""

    def __init__(self) -> None:
        self.portions: list[list[int]] = []
        self.begun, self.go_on = Event(), Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.portions.append(list(numbers))
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        if any(number < 0 for number in numbers):
            raise ValueError(f"negative: {min(numbers)}")
        return [number * 2 for number in numbers]


@contextmanager
def busy(work: Work, most: int, numbers: Sequence[int]) -> Iterator[list[Future[int]]]:
    """A combiner at work on a 0, behind which the numbers wait."""
    combiner = Combiner(work, lambda _: 1, most)
    first = Thread(target=combiner.run, args=(0,))
    first.start()
    assert work.begun.wait(PATIENCE)
    with ThreadPoolExecutor(len(numbers)) as pool:
        futures = [pool.submit(combiner.run, number) for number in numbers]
        while combiner.waiting < len(numbers):
            work.begun.wait()
        work.go_on.set()
        yield futures
    first.join()


def test_what_waits_is_done_together() -> None:
    work = Work()
    with busy(work, 10, [1, 2, 3]) as futures:
        assert [future.result() for future in futures] == [2, 4, 6]
    assert [sorted(portion) for portion in work.portions] == [[0], [1, 2, 3]]


def test_no_more_at_once_than_allowed() -> None:
    work = Work()
    with busy(work, 2, [1, 2, 3, 4, 5]) as futures:
        assert [future.result() for future in futures] == [2, 4, 6, 8, 10]
    assert [len(portion) for portion in work.portions] == [1, 2, 2, 1]


def test_only_the_one_that_is_wrong_fails() -> None:
    work = Work()
    with busy(work, 10, [1, -2, 3]) as (one, wrong, other):
        assert (one.result(), other.result()) == (2, 6)
        with pytest.raises(ValueError, match="negative: -2"):
            wrong.result()


def test_who_has_been_served_does_not_wait_for_the_next_ones() -> None:
    held, go_on = Event(), Event()
    begun = Event()

    def work(numbers: Sequence[int]) -> Sequence[int]:
        if numbers == [0]:
            begun.set()
            assert held.wait(PATIENCE)
        if 3 in numbers:
            assert go_on.wait(PATIENCE)
        return numbers

    combiner = Combiner(work, lambda _: 1, 2)
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(combiner.run, 0)]
        assert begun.wait(PATIENCE)
        for number in (1, 2, 3):
            futures.append(pool.submit(combiner.run, number))
            while combiner.waiting < number:
                begun.wait()
        held.set()
        assert [future.result(30) for future in futures[:3]] == [0, 1, 2], "while 3 is being served"
        go_on.set()
        assert futures[3].result(30) == 3


def test_nobody_waits_for_ever_behind_one_that_was_stopped() -> None:
    held, begun = Event(), Event()

    def work(numbers: Sequence[int]) -> Sequence[int]:
        begun.set()
        assert held.wait(PATIENCE)
        if 1 in numbers:
            raise SystemExit
        return numbers

    combiner = Combiner(work, lambda _: 1, 2)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(combiner.run, 0)
        assert begun.wait(PATIENCE)
        others = []
        for number in (1, 2, 3):
            others.append(pool.submit(combiner.run, number))
            while combiner.waiting < number:
                begun.wait()
        held.set()
        assert first.result(30) == 0
        with pytest.raises(SystemExit):
            others[0].result(30)
        with pytest.raises(RuntimeError, match="was stopped"):
            others[1].result(30)
        assert others[2].result(30) == 3


def test_one_that_has_more_than_allowed_is_served_alone() -> None:
    def twice(texts: Sequence[str]) -> list[str]:
        return [text * 2 for text in texts]

    assert Combiner(twice, len, 2).run("four") == "fourfour"


def test_the_upload_of_a_removed_sensor_keeps_no_other_back(bench: Bench) -> None:
    kept, removed = bench.sensor("kept"), bench.sensor("removed")
    intake: Intake = bench.app.extensions[KEY].intake
    proofs = {sensor.id: proof_of(bench.database, sensor.id) for sensor in (kept, removed)}
    bench.admin.ok("DELETE", f"/sensors/{removed.id}")

    def upload(sensor: SensorClient) -> str:
        return intake.record(proofs[sensor.id], [event()], now()).results[0].status.value

    with ThreadPoolExecutor(8) as pool:
        stored = [pool.submit(upload, sensor) for sensor in (kept, removed) * 8]
    outcomes = [future.exception() for future in stored]
    assert [type(outcome) for outcome in outcomes] == [type(None), Forbidden] * 8
    assert len(bench.admin.ok("GET", "/events?limit=50")["items"]) == 8
