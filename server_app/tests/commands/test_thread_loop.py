"""What the worker does all the time goes on after failures, and ends when it is told to."""

from collections.abc import Iterator
from queue import Queue
from threading import current_thread

import pytest
from patience import PATIENCE

from server_app.thread_loop import LONGEST_PAUSE, ThreadLoop, pause_after


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, LONGEST_PAUSE), (10**6, LONGEST_PAUSE)]
)
def test_pauses_grow_with_failures(failures: int, pause: float) -> None:
    assert pause_after(failures, 5) == pause


def test_it_goes_on_after_failures_and_says_good_bye_in_its_own_thread() -> None:
    done: Queue[str] = Queue()
    outcomes: Iterator[Exception | bool] = iter([RuntimeError("stumbled"), False, True, True])

    def work() -> bool:
        assert not loop.ending
        outcome = next(outcomes, True)
        done.put(current_thread().name)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    loop = ThreadLoop("worker", work, 0.001, at_end=lambda: done.put(f"end of {current_thread().name}"))
    loop.start()
    assert [done.get(timeout=PATIENCE) for _ in range(4)] == ["worker"] * 4
    loop.stop()
    assert loop.ending
    said = [done.get(timeout=PATIENCE) for _ in range(done.qsize())]
    assert said[-1] == "end of worker"
