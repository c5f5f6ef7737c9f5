"""How often a source may be answered, so that forged sources make no weapon of the sensor."""

_MAX_SOURCES = 1024


class _Bucket:
    """Tokens that come back with time; each answer takes one."""

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._tokens, self._filled = burst, now

    def take(self, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class AnswerLimiter:
    """Ten answers at once and two a second for each source, 100 and 50 for all together."""

    def __init__(self, now: float) -> None:
        self._all = _Bucket(100, 50, now)
        self._sources: dict[str, _Bucket] = {}

    def allow(self, source: str, now: float) -> bool:
        """Say whether the source may be answered at this monotonic time, and count it."""
        bucket = self._sources.pop(source, None) or _Bucket(10, 2, now)
        if len(self._sources) >= _MAX_SOURCES:
            self._sources.pop(next(iter(self._sources)))
        self._sources[source] = bucket
        return bucket.take(now) and self._all.take(now)
