"""What the worker does all the time, each in a thread of its own."""

from collections.abc import Callable
from threading import Event as Signal
from threading import Thread

import structlog

LONGEST_PAUSE = 60.0
STOP_SECONDS = 8.0
MOST_DOUBLINGS = 10
LOG = structlog.get_logger(__name__)


def pause_after(failures: int, pause: float) -> float:
    """Seconds to pause after so many failures in a row: twice as long for each, up to `LONGEST_PAUSE`."""
    doublings: int = 2 ** min(failures, MOST_DOUBLINGS)
    return min(pause * doublings, LONGEST_PAUSE)


class ThreadLoop:
    """Does the same again and again, with pauses that grow with failures.

    Args:
        name: the thread's, and what the log calls it.
        work: what to do; whether that succeeded. It looks at `ending` where it takes long.
        pause: seconds between two times.
        at_end: what to do when it is told to end, in the same thread.
    """

    def __init__(
        self, name: str, work: Callable[[], bool], pause: float, at_end: Callable[[], None] = lambda: None
    ) -> None:
        self._name = name
        self._work = work
        self._pause = pause
        self._at_end = at_end
        self._stop = Signal()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    @property
    def ending(self) -> bool:
        """Whether it has been told to end."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begin, with a pause."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done now; it is not waited for longer than `STOP_SECONDS`."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        failures = 0
        while not self._stop.wait(pause_after(failures, self._pause)):
            failures = 0 if self._succeeds() else failures + 1
        self._at_end()

    def _succeeds(self) -> bool:
        try:
            return self._work()
        except Exception:  # whatever it is, the next attempt may find it gone
            LOG.exception("loop_stumbled", loop=self._name)
            return False
