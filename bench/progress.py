import sys
import time
from collections.abc import Iterator
from typing import TextIO


class Progress:
    """Says on a stream what is going on; on a terminal, counters stay in one line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """One line, after the seconds since the start."""
        self._stream.write(f"[{time.monotonic() - self._began:5.0f} s] {text}\n")
        self._stream.flush()

    def each[T](self, what: str, items: Iterator[T], total: int) -> Iterator[T]:
        """The same items, counted aloud at every tenth."""
        step = max(total // 10, 1)
        for number, item in enumerate(items, 1):
            if number % step == 0 or number == total:
                self.say(f"{what}: {number} of {total}")
            yield item
