"""Finding the most frequent of very many without adding all of them up. Pure.

Each list is the beginning of one that is sorted by how often its keys occur. What is in none of them can have at most
what each list ends with; when that is less than what the last of the most frequent has, nothing was overlooked.
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Gathered:
    """The beginnings of some lists together. What a list ends with is 0 when it is whole.

    Attributes:
        counts: how often each key occurs in them.
        known: of each key, what those lists end with in which it occurs: there nothing of it was overlooked.
        rest: what all of them end with: how often a key that is in none of them can occur in what follows.
    """

    counts: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    rest: int = 0


def promising(lists: Gathered, top: int) -> set[str]:
    """The keys that may be among the most frequent of all."""
    enough = sorted(lists.counts.values(), reverse=True)[:top]
    least = enough[-1] if len(enough) == top else 0
    return {key for key, count in lists.counts.items() if count + lists.rest - lists.known[key] >= least}


def most(counts: Counter[str], top: int) -> dict[str, int]:
    """The most frequent, of equals those whose names come first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:top])


def proven(found: dict[str, int], top: int, rest: int) -> bool:
    """Whether none that was overlooked can belong to the most frequent.

    Args:
        found: the most frequent of what was looked at.
        top: how many are wanted.
        rest: how often another one can occur.
    """
    return rest == 0 or (len(found) == top and min(found.values()) > rest)
