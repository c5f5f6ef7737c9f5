"""What is made of many single measurements. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.errors import BenchError


@dataclass(frozen=True)
class Spread:
    """The middle of several rounds, and their ends."""

    median: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{figure(self.lowest)} to {figure(self.highest)}"


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    if not values:
        raise BenchError("There is nothing to take a median of: raise --rounds or --seconds.")
    return Spread(median(values), min(values), max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not below `percent` of all (nearest rank)."""
    if not values:
        raise BenchError("There is nothing to take a percentile of: raise --samples.")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def figure(value: float) -> str:
    """A number for people: three digits that count, and thousands set apart."""
    magnitude = abs(value)
    if magnitude >= 100:  # noqa: PLR2004 - from three digits on, none behind the point
        return f"{value:,.0f}"
    return f"{value:.3g}"
