"""How many answers a source gets, so that forged ones bring nobody a flood. Pure: time is an argument."""

BURST, PER_SECOND = 400.0, 100.0
_MAX_SOURCES = 4096


class Ration:
    """A bucket for each source."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, source: str, now: float) -> bool:
        """Tell whether there is one more answer for a source, and count it."""
        if len(self._left) >= _MAX_SOURCES and source not in self._left:
            del self._left[next(iter(self._left))]
        left, last = self._left.pop(source, (BURST, now))
        left = min(BURST, left + (now - last) * PER_SECOND)
        self._left[source] = max(0.0, left - 1), now
        return left >= 1
