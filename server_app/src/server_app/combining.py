"""Doing together what many threads want at the same moment: one transaction instead of one for each."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock


def _closed() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


@dataclass
class _Wish[W, R]:
    item: W
    done: bool = False
    result: R | None = None
    error: Exception | None = None
    gate: Lock = field(default_factory=_closed)
    """Opened for the one who waits behind it when his wish is done, or when it is his turn to serve."""


class Combiner[W, R]:
    """Whoever comes while nobody is at work does all that waits; the others find their result when it is their turn.

    Nobody waits for company: one that comes alone is served alone.

    Args:
        work: serves several at once, all of them or none; returns their results in their order.
        weight: how much one is.
        most: how much is served at once, unless one alone is more.
    """

    def __init__(self, work: Callable[[Sequence[W]], Sequence[R]], weight: Callable[[W], int], most: int) -> None:
        self._work = work
        self._weight = weight
        self._most = most
        self._look = Lock()
        self._at_work = False
        self._waiting: deque[_Wish[W, R]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def run(self, item: W) -> R:
        """Have it served.

        Raises:
            Exception: what `work` raised for this item alone. Those it came together with are served all the same.
        """
        wish: _Wish[W, R] = _Wish(item)
        with self._look:
            self._waiting.append(wish)
            wait, self._at_work = self._at_work, True
        if wait:
            wish.gate.acquire()
        if not wish.done:
            self._take_turn()
        if wish.error is not None:
            raise wish.error
        return wish.result  # type: ignore[return-value] # of a wish without an error it is an R, which may be None

    def _take_turn(self) -> None:
        with self._look:
            wishes = self._next()
        try:
            self._serve(wishes)
        except BaseException:
            for wish in wishes:
                if not wish.done:
                    wish.error, wish.done = RuntimeError("the thread that served this one was stopped"), True
            raise
        finally:
            with self._look:
                following = [self._waiting[0]] if self._waiting else []
                self._at_work = bool(following)
            # Each is woken once: whoever is served goes his way while the next ones are being served.
            for wish in (*following, *wishes[1:]):
                wish.gate.release()

    def _next(self) -> list[_Wish[W, R]]:
        wishes = [self._waiting.popleft()]
        weight = self._weight(wishes[0].item)
        while self._waiting and (weight := weight + self._weight(self._waiting[0].item)) <= self._most:
            wishes.append(self._waiting.popleft())
        return wishes

    def _serve(self, wishes: list[_Wish[W, R]]) -> None:
        try:
            results = self._work([wish.item for wish in wishes])
        except Exception as error:  # noqa: BLE001 - each of them gets its own
            if len(wishes) > 1:
                for wish in wishes:
                    self._serve([wish])
                return
            wishes[0].error = error
        else:
            for wish, result in zip(wishes, results, strict=True):
                wish.result = result
        for wish in wishes:
            wish.done = True
