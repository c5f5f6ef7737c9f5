"""How long to wait before trying again."""

FULL_JITTER = 1.0


def backoff_delay(failures: int, *, first: float, cap: float, jitter: float) -> float:
    """Return the seconds to wait after so many failures in a row.

    Args:
        failures: 1 after the first failure; 0 and below mean no wait.
        first: seconds after the first failure; doubled by each further one.
        cap: never longer than this many seconds.
        jitter: a random number from 0 to 1; the delay is scaled to between a half and all of its length, so that
            many sensors do not return in the same moment.
    """
    if failures <= 0:
        return 0.0
    exponent = min(failures - 1, 32)  # beyond that every cap is reached; keeps the power small
    delay: float = min(cap, first * 2**exponent)
    return delay * (0.5 + 0.5 * min(max(jitter, 0.0), FULL_JITTER))
